-- The schedules whose tick has come, the longest due first.
SELECT name, type, timing, timezone, catch_up, task, next_utc, last_utc, paused
FROM schedules WHERE paused = 0 AND next_utc <= :now ORDER BY next_utc, name
