-- Queues tasks that wait for nothing any more, as the end of the last part would have.
UPDATE task_queue
SET status = 'queued', late = 1, run_after_utc = min(created_at_utc, :now), due_at_utc = :now, updated_at_utc = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND awaits = 0
      AND status = 'scheduled' AND +run_after_utc = '9999-12-31 23:59:59.999'
