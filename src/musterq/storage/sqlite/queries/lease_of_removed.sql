-- Gives the tasks of a worker that is being removed a lease of their own.
UPDATE task_queue SET lease_until_utc = :lease, lease_text = :lease, lease_boot_id = :boot_id, lease_boot_ms = :lease_ms
WHERE status = 'processing' AND locked_by = :worker AND lease_until_utc IS NULL
