-- Notes an attempt that did not complete, where the claim is still held.
INSERT INTO task_attempts (task_id, attempt, worker_id, started_at_utc, finished_at_utc, outcome, error, traceback)
SELECT id, attempts, locked_by, coalesce(:started, processing_started_utc), :finished, :outcome, :error, :traceback
FROM task_queue WHERE id = :id AND claim_token = :token AND status = 'processing'
