-- Puts one task in unless its idempotency key is there already.
INSERT INTO task_queue (
    type, payload, priority, compatibility, status, max_attempts, max_crashes, run_after_utc, created_at_utc, updated_at_utc,
    lane_id, idempotency_key, concurrency_key, headers, retry_policy, timeout_seconds, expires_at_utc
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING id
