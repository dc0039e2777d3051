-- What was being processed is held by nobody who is alive: it comes back when its lease is over, at once if it has none.
UPDATE task_queue SET lease_until_utc = coalesce(lease_until_utc, updated_at_utc) WHERE status = 'processing'
