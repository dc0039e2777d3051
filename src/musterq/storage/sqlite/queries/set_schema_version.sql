-- Notes the version of the tables.
INSERT INTO musterq_meta (name, value) VALUES ('schema_version', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
