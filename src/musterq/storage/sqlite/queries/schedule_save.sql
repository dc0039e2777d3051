-- Writes a schedule as it is defined; its next tick stays where it was unless it ticks by another timing now.
INSERT INTO schedules (name, type, timing, timezone, catch_up, task, next_utc, updated_at_utc)
VALUES (:name, :type, :timing, :timezone, :catch_up, :task, :next, :now)
ON CONFLICT (name) DO UPDATE SET
    next_utc = CASE
        WHEN timing = excluded.timing AND timezone = excluded.timezone THEN next_utc ELSE excluded.next_utc END,
    type = excluded.type, timing = excluded.timing, timezone = excluded.timezone, catch_up = excluded.catch_up,
    task = excluded.task, updated_at_utc = excluded.updated_at_utc
