-- The running tasks of a worker that somebody wants cancelled.
SELECT id, claim_token FROM task_queue
WHERE status = 'processing' AND cancel_requested = 1 AND locked_by = :worker AND claim_token IS NOT NULL
