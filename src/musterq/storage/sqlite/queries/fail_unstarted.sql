-- Fails a task that was taken and can never run (expired, a broken payload), its attempt not counted.
UPDATE task_queue SET
    status = 'failed', error_message = :error, finished_at_utc = :finished, updated_at_utc = :finished,
    attempts = max(attempts - 1, 0), processing_started_utc = NULL, reserved_at_utc = NULL, locked_by = NULL,
    claim_token = NULL, lease_until_utc = NULL, run_ms = NULL
WHERE id = :id AND claim_token = :token AND status = 'processing'
