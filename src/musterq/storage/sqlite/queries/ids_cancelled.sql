-- The ids of all cancelled tasks before one, in no order; for when there are few of them.
SELECT id FROM task_queue INDEXED BY task_cancelled WHERE status = 'cancelled' AND id < :before
