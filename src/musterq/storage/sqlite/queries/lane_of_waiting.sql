-- Where a queued task waits: its lane, and its priority; nothing, if it is held or does not wait.
SELECT lane_id, priority FROM task_queue WHERE id = :id AND status = 'queued' AND held = 0
