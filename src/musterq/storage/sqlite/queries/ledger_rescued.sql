-- Writes down what was taken from whom. The tasks have been given back by now, and the attempts that ended by that are noted.
INSERT INTO rescue_ledger (at_utc, event, task_id, type, attempt, worker_id, host, pid, reason, became,
                           last_heartbeat_utc, lost_seconds, detail)
SELECT :now, 'rescued', task.id, task.type, ended.attempt, ended.worker_id, fact.host, fact.pid, :reason, task.status,
       coalesce(worker.heartbeat_utc, fact.beat_text),
       max(0.0, round((julianday(:now) - julianday(ended.started_at_utc)) * 86400.0, 3)), fact.lost_detail
FROM json_each(:ids) AS moved
CROSS JOIN task_queue AS task ON task.id = moved.value
JOIN task_attempts AS ended ON ended.attempt_id = (SELECT max(attempt_id) FROM task_attempts WHERE task_id = task.id)
LEFT JOIN workers AS worker ON worker.worker_id = ended.worker_id
LEFT JOIN worker_facts AS fact ON fact.worker_id = ended.worker_id
