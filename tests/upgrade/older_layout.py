"""A database of the older layout, made by plain SQL alone, with a row for everything that may be found in one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE task_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 100,
    payload TEXT NOT NULL,
    compatibility TEXT NOT NULL DEFAULT '{}',
    status TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 5,
    run_after_utc DATETIME NOT NULL DEFAULT (datetime('now')),
    lease_until_utc DATETIME,
    reserved_at_utc DATETIME,
    processing_started_utc DATETIME,
    finished_at_utc DATETIME,
    locked_by TEXT,
    error_message TEXT,
    idempotency_key TEXT,
    created_at_utc DATETIME NOT NULL DEFAULT (datetime('now')),
    updated_at_utc DATETIME NOT NULL DEFAULT (datetime('now')),
    region TEXT GENERATED ALWAYS AS (json_extract(compatibility, '$.region')) VIRTUAL,
    format TEXT GENERATED ALWAYS AS (json_extract(payload, '$.format')) VIRTUAL
);
CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    capabilities TEXT NOT NULL,
    heartbeat_utc DATETIME NOT NULL DEFAULT (datetime('now'))
);
CREATE TABLE task_logs (
    log_id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    at_utc DATETIME NOT NULL DEFAULT (datetime('now')),
    level TEXT NOT NULL,
    message TEXT,
    details TEXT,
    FOREIGN KEY (task_id) REFERENCES task_queue(id)
);
CREATE INDEX ix_task_status_prio_time ON task_queue (status, priority, run_after_utc, id);
CREATE INDEX ix_task_type_status ON task_queue (type, status);
CREATE UNIQUE INDEX uq_task_idempotency ON task_queue (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX ix_logs_task ON task_logs (task_id, at_utc);
"""

GENERATED_INDEXES = """
CREATE INDEX ix_task_region ON task_queue (region);
CREATE INDEX ix_task_format ON task_queue (format);
"""

VIEWS = """
CREATE VIEW v_queue_status_summary AS
SELECT status, COUNT(*) AS task_count, ROUND(AVG(attempts), 2) AS avg_attempts,
       MIN(created_at_utc) AS oldest_task, MAX(created_at_utc) AS newest_task
FROM task_queue GROUP BY status;
CREATE VIEW v_queue_type_summary AS
SELECT type, status, COUNT(*) AS task_count, AVG(priority) AS avg_priority FROM task_queue GROUP BY type, status;
CREATE VIEW v_worker_status AS
SELECT w.worker_id, w.capabilities, w.heartbeat_utc, COUNT(t.id) AS active_tasks,
       CAST((julianday('now') - julianday(w.heartbeat_utc)) * 86400 AS INTEGER) AS seconds_since_heartbeat
FROM workers w LEFT JOIN task_queue t ON t.locked_by = w.worker_id AND t.status = 'leased' GROUP BY w.worker_id;
CREATE VIEW v_task_performance AS
SELECT type, status, COUNT(*) AS task_count,
       AVG((julianday(finished_at_utc) - julianday(processing_started_utc)) * 86400) AS avg_processing_seconds,
       AVG(attempts) AS avg_attempts
FROM task_queue WHERE status IN ('completed', 'failed') GROUP BY type, status;
CREATE VIEW v_recent_failures AS
SELECT id, type, status, attempts, error_message, finished_at_utc FROM task_queue
WHERE status = 'failed' ORDER BY finished_at_utc DESC LIMIT 100;
"""

PAST, LATER, FUTURE = "2024-05-06 07:08:09", "2024-05-06 07:08:19", "2999-01-01 00:00:00"

#: Tasks by id, each with the columns that differ from what `task` says; ids have gaps, as in any old database.
TASKS: dict[int, dict[str, Any]] = {
    1: {"compatibility": '{"region": "EU", "gpu": true}', "payload": '{"format": "mp4", "n": 1}'},
    2: {"priority": 1, "idempotency_key": "key-2"},
    3: {"type": "тип 🦀 '; DROP TABLE task_queue; --", "payload": "\"ünïcode \\u0000 ''\"", "idempotency_key": "'"},
    5: {"status": "leased", "attempts": 1, "locked_by": "dead", "reserved_at_utc": PAST, "lease_until_utc": LATER},
    6: {"status": "leased", "attempts": 2, "locked_by": "alive", "reserved_at_utc": PAST, "lease_until_utc": FUTURE},
    7: {"status": "processing", "attempts": 1, "locked_by": "dead", "processing_started_utc": PAST},
    8: {"status": "processing", "attempts": 1, "processing_started_utc": PAST, "lease_until_utc": LATER},
    9: {"status": "completed", "attempts": 1, "processing_started_utc": PAST, "finished_at_utc": LATER},
    10: {"status": "completed", "attempts": 2, "finished_at_utc": LATER, "idempotency_key": "key-10"},
    12: {"status": "failed", "attempts": 5, "error_message": "boom", "finished_at_utc": LATER},
    13: {"status": "dead_letter", "attempts": 5, "error_message": "dead", "finished_at_utc": PAST},
    14: {"run_after_utc": FUTURE, "idempotency_key": "key-14"},
    15: {"created_at_utc": "2024-05-06T07:08:09Z", "run_after_utc": "2024-05-06T07:08:09.250"},
    16: {"priority": -5, "max_attempts": 0},
    17: {"priority": 5000, "payload": "null"},
    20: {"payload": '{"format": "x", "text": "' + "y" * 100_000 + '"}'},
}
LAST_TASK_ID, LAST_LOG_ID = 30, 9  # given once, and deleted since

LOGS = [
    {"log_id": 1, "task_id": 1, "at_utc": PAST, "level": "INFO", "message": "put in", "details": None},
    {"log_id": 2, "task_id": 9, "at_utc": PAST, "level": "INFO", "message": None, "details": '{"a": 1}'},
    {"log_id": 4, "task_id": 12, "at_utc": LATER, "level": "ERROR", "message": "boom 🦀", "details": "line\nline"},
]
WORKERS = [
    {"worker_id": "alive", "capabilities": '{"cpu": 8, "gpu": true}', "heartbeat_utc": LATER},
    {"worker_id": "dead", "capabilities": "{}", "heartbeat_utc": PAST},
    {"worker_id": "wörker '; --", "capabilities": '{"region":"EU"}', "heartbeat_utc": "2024-05-06T07:08:09Z"},
]
TIMES = {
    "run_after_utc",
    "lease_until_utc",
    "reserved_at_utc",
    "processing_started_utc",
    "finished_at_utc",
    "created_at_utc",
    "updated_at_utc",
    "at_utc",
    "heartbeat_utc",
}


def task(id: int) -> dict[str, Any]:
    """A row as it stands in the older database, all plain columns."""
    usual = {
        "id": id,
        "type": "video",
        "priority": 100,
        "payload": "{}",
        "compatibility": "{}",
        "status": "queued",
        "attempts": 0,
        "max_attempts": 5,
        "run_after_utc": PAST,
        "lease_until_utc": None,
        "reserved_at_utc": None,
        "processing_started_utc": None,
        "finished_at_utc": None,
        "locked_by": None,
        "error_message": None,
        "idempotency_key": None,
        "created_at_utc": PAST,
        "updated_at_utc": LATER,
    }
    return {**usual, **TASKS[id]}


def build(path: Path, *, journal: str = "wal", views: bool = True, more_tasks: int = 0, generated: bool = True) -> None:
    """Make the database; ``more_tasks`` adds plain ones with ids from 1001."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        tables = TABLES if generated else _without_generated_columns()
        connection.executescript(tables + (VIEWS if views else ""))
        for id in TASKS:
            insert(connection, "task_queue", task(id))
        for row in LOGS:
            insert(connection, "task_logs", row)
        for row in WORKERS:
            insert(connection, "workers", row)
        _use_ids_up(connection)
        connection.executemany(
            "INSERT INTO task_queue(id, type, payload, created_at_utc) VALUES (?, 'bulk', '{}', ?)",
            [(1001 + number, PAST) for number in range(more_tasks)],
        )
        connection.commit()


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    connection.execute(f"INSERT INTO {table}({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def _without_generated_columns() -> str:
    lines = [line for line in TABLES.splitlines() if "GENERATED" not in line]
    return "\n".join(lines).replace("(datetime('now')),\n);", "(datetime('now'))\n);")


def _use_ids_up(connection: sqlite3.Connection) -> None:
    insert(connection, "task_queue", {"id": LAST_TASK_ID, "type": "gone", "payload": "{}"})
    insert(connection, "task_logs", {"log_id": LAST_LOG_ID, "task_id": LAST_TASK_ID, "level": "INFO"})
    connection.execute("DELETE FROM task_logs WHERE task_id = ?", (LAST_TASK_ID,))
    connection.execute("DELETE FROM task_queue WHERE id = ?", (LAST_TASK_ID,))


def rows(path: Path, table: str, key: str, columns: list[str]) -> list[dict[str, Any]]:
    """All rows of a table by its key, read by plain SQL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {key}").fetchall()
        return [dict(row) for row in found]


def one(path: Path, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
    """The first value of a query by plain SQL."""
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(sql, parameters).fetchone()
        return None if row is None else row[0]


def run(path: Path, sql: str) -> None:
    """Some statements by plain SQL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
