-- Puts one task in; its lane is known, its words and times are in their stored form.
INSERT INTO task_queue (
    type, payload, priority, compatibility, status, max_attempts, max_crashes, run_after_utc, created_at_utc, updated_at_utc,
    lane_id, late, idempotency_key, concurrency_key, headers, retry_policy, timeout_seconds, expires_at_utc,
    hard_timeout_seconds, concurrency_limit
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
