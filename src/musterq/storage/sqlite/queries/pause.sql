-- Pauses a type.
INSERT INTO paused_types (type, since_utc) VALUES (:type, :now) ON CONFLICT DO NOTHING
