-- Since when the longest waiting queued task waits.
SELECT coalesce(due_at_utc, created_at_utc) FROM task_queue WHERE status = 'queued'
ORDER BY coalesce(due_at_utc, created_at_utc) LIMIT 1
