-- The paused types.
SELECT type FROM paused_types ORDER BY type
