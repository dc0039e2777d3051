-- Marks a worker whose process is dead.
UPDATE worker_facts SET state = 'lost', lost_at_utc = :now, lost_reason = :reason
WHERE worker_id = :worker AND lost_at_utc IS NULL
