-- Lets the triggers give tasks their lanes, forms and run times as if plain SQL had just put them in.
UPDATE task_queue SET
    type = type, priority = priority,
    status = CASE WHEN lane_id IS NULL AND status = 'queued'
                       AND strftime('%Y-%m-%d %H:%M:%f', run_after_utc) > :now
                  THEN 'scheduled' ELSE status END,
    run_after_utc = run_after_utc, created_at_utc = created_at_utc, updated_at_utc = updated_at_utc,
    lease_until_utc = lease_until_utc, reserved_at_utc = reserved_at_utc, processing_started_utc = processing_started_utc,
    finished_at_utc = finished_at_utc, expires_at_utc = expires_at_utc
WHERE id IN (SELECT value FROM json_each(:ids))
