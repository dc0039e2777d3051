-- What a claim must know first: whether a scheduled task is due, whether a lease is over, which lanes there are
-- (by their generation), and what the worker said it can do (NULL: it is not registered).
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
                     AND lease_boot_id > :boot_id AND lease_until_utc <= :now),
    (SELECT value FROM musterq_meta WHERE name = 'lane_generation'),
    (SELECT capabilities FROM workers WHERE worker_id = :worker)
