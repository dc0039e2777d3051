-- Gives tasks back whose holder is gone. One that was started is a suspect: it is charged a crash, and ends when its
-- budget of crashes is used up; the attempt is given back either way.
UPDATE task_queue SET
    status = CASE
        WHEN cancel_requested THEN 'cancelled'
        WHEN processing_started_utc IS NOT NULL AND crashes + 1 >= max_crashes THEN 'failed'
        ELSE 'queued' END,
    error_message = CASE
        WHEN cancel_requested THEN 'cancelled while it ran; its worker was lost'
        WHEN processing_started_utc IS NOT NULL AND crashes + 1 >= max_crashes
            THEN 'worker lost: it was lost ' || (crashes + 1) || ' times while it ran this task (the last one: '
                 || coalesce(locked_by, 'unknown') || ')'
        ELSE error_message END,
    finished_at_utc = CASE
        WHEN cancel_requested OR (processing_started_utc IS NOT NULL AND crashes + 1 >= max_crashes) THEN :now END,
    crashes = crashes + (processing_started_utc IS NOT NULL),
    suspect = CASE WHEN processing_started_utc IS NOT NULL THEN 1 ELSE suspect END,
    attempts = max(attempts - 1, 0),
    locked_by = NULL, claim_token = NULL, lease_until_utc = NULL, lease_text = NULL, lease_boot_id = NULL,
    reserved_at_utc = NULL, processing_started_utc = NULL, run_ms = NULL, updated_at_utc = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'processing'
RETURNING id, status
