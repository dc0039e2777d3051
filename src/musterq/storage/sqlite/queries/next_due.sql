-- When the next scheduled task is due.
SELECT min(run_after_utc) FROM task_queue WHERE status = 'scheduled'
