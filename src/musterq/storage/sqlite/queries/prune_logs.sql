-- Takes away some log lines of tasks that go.
DELETE FROM task_logs
WHERE log_id IN (SELECT log_id FROM task_logs WHERE task_id IN (SELECT value FROM json_each(:ids)) LIMIT :limit)
