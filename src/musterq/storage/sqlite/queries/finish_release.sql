-- The task is given back unstarted, its attempt with it. Changes nothing where the claim is no longer held.
UPDATE task_queue SET
    status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
    finished_at_utc = CASE WHEN cancel_requested THEN :finished END,
    attempts = max(attempts - 1, 0), locked_by = NULL, reserved_at_utc = NULL, processing_started_utc = NULL,
    updated_at_utc = :finished, claim_token = NULL, lease_until_utc = NULL
WHERE id = :id AND claim_token = :token AND status = 'processing'
