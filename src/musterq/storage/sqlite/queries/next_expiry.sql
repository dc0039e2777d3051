-- When the next task that waits and was never started expires.
SELECT min(expires_at_utc) FROM task_queue
WHERE status = 'queued' AND expires_at_utc IS NOT NULL AND attempts = 0 AND crashes = 0
