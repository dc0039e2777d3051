-- Some tasks that have the places of a concurrency key: those that run, then those that may.
SELECT id, type, status, locked_by FROM task_queue
WHERE concurrency_key = :key AND concurrency_key IS NOT NULL AND held = 0 AND status = 'processing'
UNION ALL
SELECT id, type, status, locked_by FROM task_queue
WHERE concurrency_key = :key AND concurrency_key IS NOT NULL AND held = 0 AND status = 'queued'
LIMIT :limit
