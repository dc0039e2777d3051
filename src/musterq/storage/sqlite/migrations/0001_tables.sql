-- The tables: tasks, workers and logs under the names and columns that plain SQL programs use, and what stands beside them.

CREATE TABLE task_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 100,
    payload TEXT NOT NULL,
    compatibility TEXT NOT NULL DEFAULT '{}',
    status TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 5,
    run_after_utc DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    lease_until_utc DATETIME,
    reserved_at_utc DATETIME,
    processing_started_utc DATETIME,
    finished_at_utc DATETIME,
    locked_by TEXT,
    error_message TEXT,
    idempotency_key TEXT,
    created_at_utc DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at_utc DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    lane_id INTEGER,                               -- NULL: put in by plain SQL and not admitted yet
    held INTEGER NOT NULL DEFAULT 0,               -- 1: its concurrency key has no free place
    due_at_utc DATETIME,                           -- when it last came due; NULL: it was never delayed
    late INTEGER NOT NULL DEFAULT 1,               -- 0: it waits since it was created, and its id tells since when
    run_ms INTEGER,                                -- from its start to its end, once it is completed or failed
    claim_token INTEGER,
    lease_boot_id TEXT,                            -- the lease by the boot clock, which holds while
    lease_boot_ms INTEGER,                         -- lease_until_utc still reads as lease_text
    lease_text TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    max_crashes INTEGER NOT NULL DEFAULT 3,
    retry_policy TEXT,                             -- JSON; NULL: the default policy
    timeout_seconds REAL,
    expires_at_utc DATETIME,
    concurrency_key TEXT,
    progress REAL,
    progress_message TEXT,
    headers TEXT,
    result TEXT
);

CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    capabilities TEXT NOT NULL DEFAULT '{}',
    heartbeat_utc DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);

CREATE TABLE task_logs (
    log_id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL REFERENCES task_queue (id) ON DELETE CASCADE,
    at_utc DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    level TEXT NOT NULL,
    message TEXT,
    details TEXT
);

-- One row per attempt that did not complete.
CREATE TABLE task_attempts (
    attempt_id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task_queue (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    worker_id TEXT,
    started_at_utc DATETIME,
    finished_at_utc DATETIME NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    traceback TEXT
);

-- What a worker process tells of itself, and its beat by the boot clock: it stands beside `workers`,
-- so that an INSERT OR REPLACE into `workers` by plain SQL loses nothing.
CREATE TABLE worker_facts (
    worker_id TEXT PRIMARY KEY,
    beat_text TEXT,                                -- the heartbeat_utc that the boot clock below belongs to
    beat_boot_id TEXT,
    beat_boot_ms INTEGER,
    has_lock INTEGER NOT NULL DEFAULT 0,           -- 1: a process that holds its liveness lock
    lease_seconds REAL NOT NULL DEFAULT 60,
    state TEXT,
    host TEXT,
    pid INTEGER,
    concurrency INTEGER,
    strategy TEXT,
    types TEXT,
    version TEXT,
    started_at_utc DATETIME
) WITHOUT ROWID;

-- A lane: all tasks that any worker treats alike.
CREATE TABLE lanes (
    lane_id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    compatibility TEXT NOT NULL,
    UNIQUE (type, compatibility)
);

CREATE TABLE paused_types (
    type TEXT PRIMARY KEY,
    since_utc DATETIME NOT NULL
) WITHOUT ROWID;

-- Single values: `lane_generation` changes whenever a worker must look at the lanes again.
CREATE TABLE musterq_meta (
    name TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

INSERT INTO musterq_meta (name, value) VALUES ('lane_generation', 1);

CREATE UNIQUE INDEX task_by_idempotency_key ON task_queue (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_waiting_by_priority ON task_queue (lane_id, priority) WHERE status = 'queued' AND held = 0;
CREATE INDEX task_waiting_by_id ON task_queue (lane_id, late) WHERE status = 'queued' AND held = 0;
CREATE INDEX task_blocked ON task_queue (concurrency_key) WHERE status = 'queued' AND held = 1;
CREATE INDEX task_late_since ON task_queue (coalesce(due_at_utc, created_at_utc)) WHERE status = 'queued' AND late = 1;
CREATE INDEX task_scheduled ON task_queue (run_after_utc) WHERE status = 'scheduled';
-- A claim is in one of the next two: held under its worker's heartbeat, or under a lease of its own.
CREATE INDEX task_held ON task_queue (locked_by) WHERE status = 'processing' AND lease_until_utc IS NULL;
CREATE INDEX task_leased ON task_queue (lease_boot_id, lease_boot_ms)
    WHERE status = 'processing' AND lease_until_utc IS NOT NULL;
CREATE INDEX task_cancel_requested ON task_queue (locked_by) WHERE status = 'processing' AND cancel_requested = 1;
CREATE INDEX task_failed ON task_queue (finished_at_utc) WHERE status = 'failed';
CREATE INDEX task_cancelled ON task_queue (finished_at_utc) WHERE status = 'cancelled';
CREATE INDEX log_by_task ON task_logs (task_id);
CREATE INDEX attempt_by_task ON task_attempts (task_id);
CREATE INDEX worker_by_beat ON workers (heartbeat_utc);
