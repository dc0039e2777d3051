-- The ids of tasks that a worker holds, under the lease of its heartbeat or under leases of their own.
SELECT id FROM task_queue INDEXED BY task_held
WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by = :worker
UNION ALL
SELECT id FROM task_queue INDEXED BY task_leased
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND locked_by = :worker
LIMIT :limit
