-- The claims that a worker holds, under the lease of its heartbeat or under leases of their own.
SELECT id, claim_token FROM task_queue WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by = :worker
UNION ALL
SELECT id, claim_token FROM task_queue WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND locked_by = :worker
