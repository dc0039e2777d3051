-- Notes what a worker process is doing.
UPDATE worker_facts SET state = :state WHERE worker_id = :worker
