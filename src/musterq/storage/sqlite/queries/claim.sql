-- Takes the given tasks for one attempt each, under a new token. The rows come in no order: sort them.
UPDATE task_queue SET
    status = 'processing', attempts = attempts + 1, claim_token = random() & 9223372036854775807, locked_by = :worker,
    reserved_at_utc = :now, processing_started_utc = :started, updated_at_utc = :now,
    lease_until_utc = :lease, lease_text = :lease, lease_boot_id = :boot_id, lease_boot_ms = :lease_ms,
    cancel_requested = 0, progress = NULL, progress_message = NULL
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'queued'
RETURNING id, claim_token, type, payload, priority, compatibility, attempts, max_attempts, crashes, max_crashes,
          created_at_utc, timeout_seconds, retry_policy, headers, expires_at_utc, hard_timeout_seconds,
          suspect, result_argument, joins, due_at_utc
