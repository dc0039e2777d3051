-- The ids of all scheduled tasks before one, in no order; for when there are few of them.
SELECT id FROM task_queue INDEXED BY task_scheduled WHERE status = 'scheduled' AND id < :before
