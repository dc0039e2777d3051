-- The attempt failed and another one follows, unless none is left or somebody asked for the end. Changes nothing where
-- the claim is no longer held.
UPDATE task_queue SET
    status = CASE
        WHEN cancel_requested THEN 'cancelled' WHEN attempts >= max_attempts THEN 'failed' ELSE 'scheduled' END,
    run_after_utc = CASE WHEN cancel_requested OR attempts >= max_attempts THEN run_after_utc ELSE :again END,
    finished_at_utc = CASE WHEN cancel_requested OR attempts >= max_attempts THEN :finished END,
    locked_by = CASE WHEN cancel_requested OR attempts >= max_attempts THEN locked_by END,
    processing_started_utc = CASE
        WHEN cancel_requested OR attempts >= max_attempts THEN coalesce(:started, processing_started_utc) END,
    run_ms = CASE WHEN NOT cancel_requested THEN :run_ms END,
    suspect = 0, error_message = :error, updated_at_utc = :finished, claim_token = NULL, lease_until_utc = NULL
WHERE id = :id AND claim_token = :token AND status = 'processing'
