-- Adds a worker or replaces its capabilities, and beats.
INSERT INTO workers (worker_id, capabilities, heartbeat_utc) VALUES (:worker, :capabilities, :now)
ON CONFLICT (worker_id) DO UPDATE SET capabilities = excluded.capabilities, heartbeat_utc = excluded.heartbeat_utc
