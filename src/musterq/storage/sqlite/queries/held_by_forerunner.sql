-- What an earlier process of this id holds under its heartbeat, or under the lease that a removal by plain SQL gave.
SELECT id FROM task_queue WHERE status = 'processing' AND locked_by = :worker AND lease_until_utc IS NULL
UNION ALL
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND lease_boot_id IS NULL
      AND locked_by = :worker AND lease_text = 'removed'
