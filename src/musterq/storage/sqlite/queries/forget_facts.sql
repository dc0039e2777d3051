-- Forgets what an earlier process of this id told of itself.
DELETE FROM worker_facts WHERE worker_id = :worker
