-- Notes until when a span of the history has been trimmed: what is older may be incomplete.
INSERT INTO musterq_meta (name, value) VALUES ('history trimmed: ' || :span, :before)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
