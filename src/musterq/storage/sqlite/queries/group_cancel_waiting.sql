-- Cancels the parts of a group that have not been taken.
UPDATE task_queue SET status = 'cancelled', finished_at_utc = :now, updated_at_utc = :now
WHERE group_id = :group AND status IN ('queued', 'scheduled')
