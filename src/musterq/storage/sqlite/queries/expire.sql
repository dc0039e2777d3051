-- Fails tasks that nobody has started in time, in whatever lane they wait, the longest expired first.
UPDATE task_queue SET
    status = 'failed', error_message = 'expired: it was not started by ' || expires_at_utc || ' UTC',
    finished_at_utc = :now, updated_at_utc = :now
WHERE id IN (
    SELECT id FROM task_queue
    WHERE status = 'queued' AND expires_at_utc IS NOT NULL AND attempts = 0 AND crashes = 0 AND expires_at_utc <= :now
    ORDER BY expires_at_utc LIMIT :limit
)
