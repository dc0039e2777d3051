-- Writes down a finish whose claim was no longer held; its task may be gone.
INSERT INTO rescue_ledger (at_utc, event, task_id, type, attempt, worker_id, host, pid, reason, became,
                           last_heartbeat_utc, lost_seconds)
SELECT :now, 'refused', :id, :type, :attempt, late.worker_id, fact.host, fact.pid, 'not held', :became,
       coalesce(worker.heartbeat_utc, fact.beat_text), :lost_seconds
FROM (SELECT :worker AS worker_id) AS late
LEFT JOIN workers AS worker ON worker.worker_id = late.worker_id
LEFT JOIN worker_facts AS fact ON fact.worker_id = late.worker_id
