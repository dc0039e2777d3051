-- Keeps a log line of a task, where the claim is still held.
INSERT INTO task_logs (task_id, at_utc, level, message, details)
SELECT id, :now, :level, :message, :details FROM task_queue WHERE id = :id AND claim_token = :token AND status = 'processing'
