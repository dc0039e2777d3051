-- Notes the attempts that end because their holder is gone.
INSERT INTO task_attempts (task_id, attempt, worker_id, started_at_utc, finished_at_utc, outcome, error)
SELECT id, attempts, locked_by, processing_started_utc, :now, 'lost',
       :words || ifnull((SELECT ': ' || lost_detail FROM worker_facts WHERE worker_id = task_queue.locked_by), '')
FROM task_queue WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'processing'
