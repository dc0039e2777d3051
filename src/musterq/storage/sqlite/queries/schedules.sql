-- All schedules by name.
SELECT name, type, timing, timezone, catch_up, task, next_utc, last_utc, paused FROM schedules ORDER BY name
