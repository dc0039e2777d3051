-- When the next scheduled task is due; one that waits for others has no such moment.
SELECT min(run_after_utc) FROM task_queue WHERE status = 'scheduled' AND run_after_utc < '9999-12-31 23:59:59.999'
