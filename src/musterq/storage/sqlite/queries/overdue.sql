-- Whether a claim has something to bring back first: a scheduled task is due, a lease is over.
SELECT
    EXISTS (SELECT 1 FROM task_queue WHERE status = 'scheduled' AND run_after_utc <= :now),
    EXISTS (SELECT 1 FROM task_queue
            WHERE status = 'processing' AND lease_until_utc IS NOT NULL
                  AND lease_boot_id = :boot_id AND lease_boot_ms <= :boot_ms)
    OR EXISTS (SELECT 1 FROM task_queue
               WHERE status = 'processing' AND lease_until_utc IS NOT NULL
                     AND lease_boot_id IS NULL AND lease_until_utc <= :now)
    OR EXISTS (SELECT 1 FROM task_queue
               WHERE status = 'processing' AND lease_until_utc IS NOT NULL
                     AND lease_boot_id < :boot_id AND lease_until_utc <= :now)
    OR EXISTS (SELECT 1 FROM task_queue
               WHERE status = 'processing' AND lease_until_utc IS NOT NULL
                     AND lease_boot_id > :boot_id AND lease_until_utc <= :now)
