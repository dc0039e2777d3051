-- The ids of all failed tasks before one, in no order; for when there are few of them.
SELECT id FROM task_queue INDEXED BY task_failed WHERE status = 'failed' AND id < :before
