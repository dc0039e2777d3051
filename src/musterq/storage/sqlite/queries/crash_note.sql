-- Notes an attempt whose process died, and how, where the claim is still held.
INSERT INTO task_attempts (task_id, attempt, worker_id, started_at_utc, finished_at_utc, outcome, error,
                           signal, exit_code, peak_bytes)
SELECT id, attempts, locked_by, coalesce(:started, processing_started_utc), :finished, 'lost', :error,
       :signal, :exit_code, :peak_bytes
FROM task_queue WHERE id = :id AND claim_token = :token AND status = 'processing'
