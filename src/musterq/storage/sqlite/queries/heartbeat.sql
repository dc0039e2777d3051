-- Beats.
UPDATE workers SET heartbeat_utc = :now WHERE worker_id = :worker
