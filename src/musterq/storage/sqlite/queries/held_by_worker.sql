-- What a worker holds under the lease of its own heartbeat.
SELECT id FROM task_queue WHERE status = 'processing' AND locked_by = :worker AND lease_until_utc IS NULL
