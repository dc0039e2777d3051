-- The ids of all processing tasks before one, in no order; for when there are few of them.
SELECT id FROM task_queue INDEXED BY task_held
WHERE status = 'processing' AND lease_until_utc IS NULL AND id < :before
UNION ALL
SELECT id FROM task_queue INDEXED BY task_leased
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND id < :before
