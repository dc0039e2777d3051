-- All workers with the age of their beat in seconds: by the boot clock while the text it was written with stands and it is of
-- this boot, else by the text.
SELECT worker.worker_id, worker.capabilities, worker.heartbeat_utc,
       CASE WHEN fact.beat_text = worker.heartbeat_utc AND fact.beat_boot_id = :boot_id
            THEN (:boot_ms - fact.beat_boot_ms) / 1000.0
            ELSE round((julianday(:now) - julianday(worker.heartbeat_utc)) * 86400.0, 3) END AS age,
       coalesce(fact.has_lock, 0), coalesce(fact.lease_seconds, 60.0), fact.beat_seconds, fact.state, fact.state_reason,
       fact.state_since_utc, fact.lost_at_utc, fact.lost_reason || ifnull('; it ' || fact.lost_detail, ''), fact.host, fact.pid,
       fact.types
FROM workers AS worker LEFT JOIN worker_facts AS fact ON fact.worker_id = worker.worker_id
ORDER BY worker.worker_id
