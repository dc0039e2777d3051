-- Takes away some noted attempts of tasks that go.
DELETE FROM task_attempts
WHERE attempt_id IN (SELECT attempt_id FROM task_attempts WHERE task_id IN (SELECT value FROM json_each(:ids)) LIMIT :limit)
