-- When the next schedule ticks.
SELECT min(next_utc) FROM schedules WHERE paused = 0
