-- The attempt succeeded. Changes nothing where the claim is no longer held.
UPDATE task_queue SET
    status = 'completed', result = :result, error_message = NULL, finished_at_utc = :finished, updated_at_utc = :finished,
    processing_started_utc = coalesce(:started, processing_started_utc), run_ms = :run_ms, claim_token = NULL, lease_until_utc = NULL
WHERE id = :id AND claim_token = :token AND status = 'processing'
