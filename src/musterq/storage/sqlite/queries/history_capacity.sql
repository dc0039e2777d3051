-- How many tasks each worker can run at once, as far as it told.
SELECT worker_id, concurrency FROM worker_facts WHERE concurrency IS NOT NULL
