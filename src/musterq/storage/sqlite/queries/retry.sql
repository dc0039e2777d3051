-- Queues a finished task again, as if it had never been tried; not one that waits for tasks which have stopped.
UPDATE task_queue SET
    status = CASE WHEN :again IS NULL THEN 'queued' ELSE 'scheduled' END,
    due_at_utc = CASE WHEN :again IS NULL THEN :now END, late = 1, run_ms = NULL,
    run_after_utc = CASE
        WHEN :again IS NOT NULL THEN :again WHEN run_after_utc > :now
            THEN min(created_at_utc, strftime('%Y-%m-%d %H:%M:%f', 'now')) ELSE run_after_utc END,
    attempts = 0, crashes = 0, suspect = 0, cancel_requested = 0, error_message = NULL, result = NULL, expires_at_utc = NULL,
    finished_at_utc = NULL, processing_started_utc = NULL, reserved_at_utc = NULL, locked_by = NULL,
    progress = NULL, progress_message = NULL, updated_at_utc = :now
WHERE id = :id AND status IN ('failed', 'cancelled', 'completed')
      AND NOT (ifnull(awaits, 0) > 0
               AND EXISTS (SELECT 1 FROM task_queue AS part
                           WHERE part.next_id IN (task_queue.id, task_queue.group_id) AND part.status IN ('failed', 'cancelled')))
