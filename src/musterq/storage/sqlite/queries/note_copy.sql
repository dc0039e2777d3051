-- Notes in a copy of which queue it is one, and of when.
INSERT INTO musterq_meta (name, value) VALUES ('copy', :origin)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
