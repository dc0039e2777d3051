-- Tasks that are held by nobody who is registered, under no lease, for longer than one.
SELECT id FROM task_queue
WHERE status = 'processing' AND lease_until_utc IS NULL
      AND (locked_by IS NULL OR NOT EXISTS (SELECT 1 FROM workers WHERE worker_id = task_queue.locked_by))
      AND coalesce(reserved_at_utc, updated_at_utc) <= :since
LIMIT 1000
