"""What plain SQL can put into a column although it is not of its kind does not keep explain from telling the rest."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.models import Task, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.records import TypeLimit
from tests.monitoring.explaining import explained, put, take

COLUMNS = [name for name in Task.__struct_fields__ if name not in ("id", "status", "idempotency_key", "held")]
ENDED = "2026-01-01 00:00:00.000"


@pytest.mark.parametrize("status", [*TaskStatus, b"\xff"])
@pytest.mark.parametrize("value", ["soon", b"\xff\x00", -1, 1.5, float("inf"), "0000-01-01 00:00:00.000"])
def test_it_is_json_whatever_is_in_a_row(
    monitoring: QueueMonitoring, database: QueueDatabase, status: object, value: object
) -> None:
    """Each column in turn; what a trigger brings into its form is right as it is."""
    storage = database.storage
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=60.0))
    monitoring.register_worker("worker-01")
    for column in COLUMNS:
        task_id = put(storage)
        failed = "INSERT INTO task_attempts (task_id, attempt, finished_at_utc, outcome, error) VALUES (?, ?, ?, ?, ?)"
        database.execute(failed, (task_id, 1, ENDED, "failed", value))
        row = (
            "UPDATE task_queue SET status = ?, attempts = 1, locked_by = 'worker-01', finished_at_utc = ? WHERE id = ?"
        )
        database.execute(row, (status, ENDED, task_id))
        with suppress(QueueDatabaseError):  # the table itself refuses some
            database.execute(f"UPDATE task_queue SET {column} = ? WHERE id = ?", (value, task_id))
        found = explained(monitoring, task_id)
        assert json.loads(json.dumps(found)) == found, column
        database.execute("DELETE FROM task_queue")


@pytest.mark.parametrize("column", ["timeout_seconds", "hard_timeout_seconds", "lease_boot_ms"])
def test_what_never_ends_is_no_limit(monitoring: QueueMonitoring, database: QueueDatabase, column: str) -> None:
    """SQLite has infinity, which JSON has not."""
    monitoring.register_worker("worker-01")
    task_id = put(database.storage)
    take(database.storage)
    database.execute(f"UPDATE task_queue SET {column} = 9e999 WHERE id = ?", (task_id,))
    found = explained(monitoring, task_id)
    assert found["reasons"][0]["reason"] == "running"
    assert "Infinity" not in json.dumps(found)
