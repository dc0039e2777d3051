-- Claims whose lease is over: by the boot clock where it is of this boot, else by the text.
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id = :boot_id AND lease_boot_ms <= :boot_ms
UNION ALL
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id IS NULL AND lease_until_utc <= :now
UNION ALL
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id < :boot_id AND lease_until_utc <= :now
UNION ALL
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id > :boot_id AND lease_until_utc <= :now
LIMIT 1000
