-- Whether a worker is a process with a liveness lock, and whether it is marked as lost.
SELECT has_lock, lost_at_utc IS NOT NULL FROM worker_facts WHERE worker_id = :worker
