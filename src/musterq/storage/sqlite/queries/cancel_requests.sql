-- The running tasks of a worker that somebody wants cancelled.
SELECT id, claim_token FROM task_queue
WHERE status = 'processing' AND locked_by = :worker AND cancel_requested AND claim_token IS NOT NULL
