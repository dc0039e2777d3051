-- How many seconds a claim (without a token: the one that a task is under) has left: of its own lease, or of its worker's
-- heartbeat (or, where nobody of this id is registered, since it was claimed), each by the boot clock where it is of this boot,
-- else by the text.
SELECT CASE
    WHEN task.lease_until_utc IS NOT NULL AND task.lease_boot_id = :boot_id THEN (task.lease_boot_ms - :boot_ms) / 1000.0
    WHEN task.lease_until_utc IS NOT NULL THEN (julianday(task.lease_until_utc) - julianday(:now)) * 86400.0
    WHEN fact.beat_text = worker.heartbeat_utc AND fact.beat_boot_id = :boot_id
        THEN fact.lease_seconds - (:boot_ms - fact.beat_boot_ms) / 1000.0
    ELSE coalesce(fact.lease_seconds, 60.0)
         - (julianday(:now) - julianday(coalesce(worker.heartbeat_utc, task.reserved_at_utc, task.updated_at_utc))) * 86400.0
    END
FROM task_queue AS task
LEFT JOIN workers AS worker ON worker.worker_id = task.locked_by
LEFT JOIN worker_facts AS fact ON fact.worker_id = task.locked_by
WHERE task.id = :id AND (task.claim_token = :token OR :token IS NULL) AND task.status = 'processing'
