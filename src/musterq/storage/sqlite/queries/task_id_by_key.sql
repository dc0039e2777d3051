-- The task that has an idempotency key.
SELECT id FROM task_queue WHERE idempotency_key = ?
