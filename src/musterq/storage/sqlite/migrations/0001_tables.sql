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
    hard_timeout_seconds REAL,                     -- it runs in a child process that is killed after so long
    expires_at_utc DATETIME,
    concurrency_key TEXT,
    concurrency_limit INTEGER,                     -- how many tasks of its key may run at once; NULL: 1
    suspect INTEGER NOT NULL DEFAULT 0,            -- 1: its process died while it ran, and it runs next alone in a child
    group_id INTEGER,                              -- the group that it is a part of
    next_id INTEGER,                               -- the task that waits for its end
    awaits INTEGER,                                -- how many tasks it still waits for; NULL: it never waited for any
    result_argument TEXT,                          -- the argument that is given the result of what it waited for
    joins INTEGER,                                 -- how many results it is given as a list; NULL: the one before it
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
    outcome TEXT NOT NULL,                         -- failed, cancelled, or lost: its process died
    error TEXT,
    traceback TEXT,
    signal INTEGER,                                -- of a process that died, where that is known: the signal that
    exit_code INTEGER,                             -- ended it, or the code that it exited with,
    peak_bytes INTEGER                             -- and its largest resident memory
);

-- What was taken from whom, and why; and the finishes that came too late.
CREATE TABLE rescue_ledger (
    ledger_id INTEGER PRIMARY KEY,
    at_utc DATETIME NOT NULL,
    event TEXT NOT NULL,                           -- rescued, or refused: a finish whose claim was no longer held
    task_id INTEGER NOT NULL,                      -- which may be gone by now
    type TEXT,
    attempt INTEGER,
    worker_id TEXT,
    host TEXT,
    pid INTEGER,
    reason TEXT NOT NULL,
    became TEXT,                                   -- the status that the task was given, or that was refused
    last_heartbeat_utc DATETIME,
    lost_seconds REAL,                             -- of work
    detail TEXT                                    -- how its process died, where that is known
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
    beat_seconds REAL,                             -- how often it means to beat
    state TEXT,                                    -- what it said last, with the reason in words and since when
    state_reason TEXT,
    state_since_utc DATETIME,
    lost_at_utc DATETIME,                          -- when it was found dead, and how that was known
    lost_reason TEXT,
    lost_detail TEXT,                              -- how its process died, as far as whoever started it has told
    host TEXT,
    pid INTEGER,
    concurrency INTEGER,
    strategy TEXT,
    types TEXT,                                    -- a JSON list; NULL: every type
    version TEXT,                                  -- of musterq, and of what it runs on
    python_version TEXT,
    sqlite_version TEXT,
    settings TEXT,                                 -- JSON: the options that it works by
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

-- What is enqueued by the clock, each tick once: whoever moves next_utc on enqueues, in one transaction.
CREATE TABLE schedules (
    name TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    timing TEXT NOT NULL,                          -- a cron expression, or 'every N' seconds
    timezone TEXT NOT NULL DEFAULT 'UTC',
    catch_up TEXT NOT NULL DEFAULT 'latest',       -- what becomes of missed ticks: latest, all, skip
    task TEXT NOT NULL,                            -- the task that a tick enqueues, as JSON
    next_utc DATETIME NOT NULL CHECK (next_utc IS strftime('%Y-%m-%d %H:%M:%f', next_utc)),
    last_utc DATETIME CHECK (last_utc IS strftime('%Y-%m-%d %H:%M:%f', last_utc)),
    paused INTEGER NOT NULL DEFAULT 0,
    updated_at_utc DATETIME NOT NULL
) WITHOUT ROWID;

-- How many tasks of a type may run at once, and how many may start in a period (a token bucket).
CREATE TABLE type_limits (
    type TEXT PRIMARY KEY,
    max_running INTEGER,
    rate_count INTEGER,
    rate_seconds REAL,
    tokens REAL,                                   -- in the bucket, at the moment below
    tokens_at_utc DATETIME,
    tokens_boot_id TEXT,
    tokens_boot_ms INTEGER
) WITHOUT ROWID;

-- How long finished tasks are kept, by status, and how many; NULL: no bound.
CREATE TABLE retention (
    status TEXT PRIMARY KEY,                       -- completed, failed, cancelled, or ledger
    max_age_seconds REAL,
    max_count INTEGER
) WITHOUT ROWID;

INSERT INTO retention (status, max_age_seconds) VALUES
('completed', 604800), ('cancelled', 604800), ('failed', 2592000), ('ledger', 2592000);

-- Single values: `lane_generation` changes whenever a worker must look at the lanes again.
CREATE TABLE musterq_meta (
    name TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

INSERT INTO musterq_meta (name, value) VALUES ('lane_generation', 1);

CREATE UNIQUE INDEX task_by_idempotency_key ON task_queue (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX task_waiting_by_priority ON task_queue (lane_id, priority) WHERE status = 'queued' AND held = 0;
CREATE INDEX task_waiting_by_id ON task_queue (lane_id, late) WHERE status = 'queued' AND held = 0;
CREATE INDEX task_blocked ON task_queue (concurrency_key, priority) WHERE status = 'queued' AND held = 1;
CREATE INDEX task_late_in_lane ON task_queue (lane_id, coalesce(due_at_utc, created_at_utc))
    WHERE status = 'queued' AND held = 0 AND late = 1;
-- What was started once does not expire any more.
CREATE INDEX task_expiring ON task_queue (expires_at_utc)
    WHERE status = 'queued' AND expires_at_utc IS NOT NULL AND attempts = 0 AND crashes = 0;
CREATE INDEX task_part ON task_queue (group_id, status) WHERE group_id IS NOT NULL;
CREATE INDEX task_followed ON task_queue (next_id) WHERE next_id IS NOT NULL;
CREATE INDEX task_late_since ON task_queue (coalesce(due_at_utc, created_at_utc))
    WHERE status = 'queued' AND (late = 1 OR held = 1);
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
CREATE INDEX ledger_by_task ON rescue_ledger (task_id);
CREATE INDEX ledger_by_worker ON rescue_ledger (worker_id);
CREATE INDEX worker_by_beat ON workers (heartbeat_utc);
