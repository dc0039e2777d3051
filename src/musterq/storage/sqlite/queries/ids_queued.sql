-- The ids of all queued tasks before one, in no order; for when there are few of them.
SELECT id FROM task_queue INDEXED BY task_waiting_by_id WHERE status = 'queued' AND held = 0 AND id < :before
UNION ALL
SELECT id FROM task_queue INDEXED BY task_blocked WHERE status = 'queued' AND held = 1 AND id < :before
