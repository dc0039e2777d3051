-- Notes how the process of a worker died.
UPDATE worker_facts SET lost_detail = :detail WHERE worker_id = :worker
