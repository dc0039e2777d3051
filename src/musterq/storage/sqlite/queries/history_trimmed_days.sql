-- Until when the days of the history have been trimmed.
SELECT value FROM musterq_meta WHERE name = 'history trimmed: day'
