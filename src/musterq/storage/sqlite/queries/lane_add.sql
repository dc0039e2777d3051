-- Adds a lane.
INSERT INTO lanes (type, compatibility) VALUES (?, ?) ON CONFLICT DO NOTHING
