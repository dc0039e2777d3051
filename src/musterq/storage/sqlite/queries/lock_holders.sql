-- The workers that are processes with a liveness lock.
SELECT worker_id FROM worker_facts WHERE has_lock = 1 ORDER BY worker_id
