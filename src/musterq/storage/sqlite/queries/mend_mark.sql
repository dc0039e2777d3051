-- Notes that counters were mended.
INSERT INTO musterq_meta (name, value) VALUES ('counters_mended', random())
ON CONFLICT (name) DO UPDATE SET value = excluded.value
