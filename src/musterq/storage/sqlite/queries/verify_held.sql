-- Tasks of a stretch that their key is said to hold, though they do not wait.
SELECT id, held, 0 FROM task_queue
WHERE id > :after AND id <= :upto AND held = 1 AND status <> 'queued' AND concurrency_key IS NOT NULL
