-- The version of the tables.
SELECT value FROM musterq_meta WHERE name = 'schema_version'
