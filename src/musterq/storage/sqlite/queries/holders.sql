-- Who holds tasks under the lease of his heartbeat.
SELECT DISTINCT locked_by FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by IS NOT NULL
