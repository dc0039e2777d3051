-- Asks for the end of the running parts of a group.
UPDATE task_queue SET cancel_requested = 1, updated_at_utc = :now WHERE group_id = :group AND status = 'processing'
