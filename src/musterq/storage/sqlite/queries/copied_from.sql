-- Of which queue this one is a copy, as JSON.
SELECT value FROM musterq_meta WHERE name = 'copy'
