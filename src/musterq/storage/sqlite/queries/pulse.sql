-- Notes what a worker process says of itself: its state, why, and since when.
UPDATE worker_facts SET state = :state, state_reason = :reason, state_since_utc = :since WHERE worker_id = :worker
