-- Notes that a worker left of its own accord, and why.
UPDATE worker_departures SET reason = :reason, last_seen_utc = :now WHERE worker_id = :worker
