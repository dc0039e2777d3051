-- Moves due tasks to queued, the longest due first.
UPDATE task_queue SET status = 'queued', due_at_utc = run_after_utc, late = 1, updated_at_utc = :now
WHERE id IN (
    SELECT id FROM task_queue WHERE status = 'scheduled' AND run_after_utc <= :now ORDER BY run_after_utc LIMIT :limit
)
