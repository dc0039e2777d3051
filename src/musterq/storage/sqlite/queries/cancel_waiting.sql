-- Cancels a task that has not been taken.
UPDATE task_queue SET status = 'cancelled', finished_at_utc = :now, updated_at_utc = :now
WHERE id = :id AND status IN ('queued', 'scheduled')
