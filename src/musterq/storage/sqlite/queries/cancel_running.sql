-- Asks for the end of a running task.
UPDATE task_queue SET cancel_requested = 1, updated_at_utc = :now WHERE id = :id AND status = 'processing'
