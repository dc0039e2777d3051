-- Writes down that the child process which ran a task died. The task has been given back by now.
INSERT INTO rescue_ledger (at_utc, event, task_id, type, attempt, worker_id, host, pid, reason, became,
                           last_heartbeat_utc, lost_seconds, detail)
SELECT :finished, 'rescued', task.id, task.type, :attempt, crashed.worker_id, fact.host, fact.pid, 'child died', task.status,
       coalesce(worker.heartbeat_utc, fact.beat_text), :run_ms / 1000.0, :how
FROM (SELECT :worker AS worker_id) AS crashed
JOIN task_queue AS task ON task.id = :id
LEFT JOIN workers AS worker ON worker.worker_id = crashed.worker_id
LEFT JOIN worker_facts AS fact ON fact.worker_id = crashed.worker_id
