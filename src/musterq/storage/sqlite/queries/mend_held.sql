-- Holds no task any more that does not wait.
UPDATE task_queue SET held = 0
WHERE id IN (SELECT value FROM json_each(:ids)) AND held = 1 AND status <> 'queued' AND concurrency_key IS NOT NULL
