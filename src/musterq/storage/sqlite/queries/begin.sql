-- Notes that a task that was claimed ahead has been started. Changes nothing where the claim is no longer held.
UPDATE task_queue SET processing_started_utc = :now
WHERE id = :id AND claim_token = :token AND status = 'processing' AND processing_started_utc IS NULL
