-- A page of the given tasks, newest id first.
SELECT id, type, payload, priority, compatibility, status, attempts, max_attempts, run_after_utc, lease_until_utc,
       reserved_at_utc, processing_started_utc, finished_at_utc, locked_by, error_message, idempotency_key, created_at_utc,
       updated_at_utc, crashes, max_crashes, expires_at_utc, timeout_seconds, hard_timeout_seconds, concurrency_key,
       concurrency_limit, held, suspect, group_id, next_id, awaits, cancel_requested, progress, progress_message, headers, result
FROM task_queue WHERE id IN (SELECT value FROM json_each(:ids)) AND (:type IS NULL OR type = :type)
ORDER BY id DESC LIMIT :limit
