-- Forgets a worker.
DELETE FROM workers WHERE worker_id = :worker
