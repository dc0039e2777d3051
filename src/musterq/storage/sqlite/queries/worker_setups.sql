-- How each worker process is set up, and what it runs on.
SELECT worker_id, concurrency, strategy, version, started_at_utc, python_version, sqlite_version, settings
FROM worker_facts WHERE started_at_utc IS NOT NULL
