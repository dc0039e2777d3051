-- Some tasks of a type that are being worked on.
SELECT id, type, status, locked_by FROM task_queue INDEXED BY task_held
WHERE status = 'processing' AND lease_until_utc IS NULL AND type = :type
UNION ALL
SELECT id, type, status, locked_by FROM task_queue INDEXED BY task_leased
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND type = :type
LIMIT :limit
