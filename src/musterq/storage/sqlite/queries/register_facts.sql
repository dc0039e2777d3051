-- What a worker process tells of itself.
UPDATE worker_facts SET
    has_lock = 1, lease_seconds = :lease_seconds, beat_seconds = :beat_seconds, state = 'starting', state_reason = 'it starts',
    state_since_utc = :now, host = :host, pid = :pid, concurrency = :concurrency,
    strategy = :strategy, types = :types, version = :version, python_version = :python, sqlite_version = :sqlite,
    settings = :settings, started_at_utc = :now
WHERE worker_id = :worker
