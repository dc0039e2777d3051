-- Notes how far a running task is. Changes nothing where the claim is no longer held.
UPDATE task_queue SET progress = :fraction, progress_message = :message, updated_at_utc = :now
WHERE id = :id AND claim_token = :token AND status = 'processing'
