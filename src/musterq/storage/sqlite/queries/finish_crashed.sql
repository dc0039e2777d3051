-- The process that ran the task died: it is charged a crash and is a suspect, and ends when its budget of crashes is used
-- up; the attempt is given back. Changes nothing where the claim is no longer held.
UPDATE task_queue SET
    status = CASE WHEN cancel_requested THEN 'cancelled' WHEN crashes + 1 >= max_crashes THEN 'failed' ELSE 'queued' END,
    error_message = CASE
        WHEN cancel_requested THEN 'cancelled while it ran; its process ' || :how
        WHEN crashes + 1 >= max_crashes
            THEN 'worker lost: its process died ' || CASE crashes WHEN 0 THEN 'once' ELSE (crashes + 1) || ' times' END
                 || '; the last one ' || :how || ', on worker ' || locked_by
        ELSE :error END,
    finished_at_utc = CASE WHEN cancel_requested OR crashes + 1 >= max_crashes THEN :finished END,
    crashes = crashes + 1, suspect = 1, attempts = max(attempts - 1, 0),
    locked_by = NULL, claim_token = NULL, lease_until_utc = NULL, lease_text = NULL, lease_boot_id = NULL,
    reserved_at_utc = NULL, processing_started_utc = NULL, run_ms = NULL, updated_at_utc = :finished
WHERE id = :id AND claim_token = :token AND status = 'processing'
