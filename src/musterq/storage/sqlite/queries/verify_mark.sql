-- Changes whenever counters are mended or the schema is changed.
SELECT ifnull((SELECT value FROM musterq_meta WHERE name = 'counters_mended'), 0), schema_version FROM pragma_schema_version
