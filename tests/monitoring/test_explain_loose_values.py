"""What plain SQL can put into a column although it is not of its kind does not keep explain from telling the rest."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.models import TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.records import TypeLimit
from tests.monitoring.explaining import explained, put

COLUMNS = (
    "type priority payload compatibility attempts max_attempts run_after_utc lease_until_utc reserved_at_utc"
    " processing_started_utc finished_at_utc locked_by error_message created_at_utc updated_at_utc crashes max_crashes"
    " timeout_seconds hard_timeout_seconds expires_at_utc concurrency_key concurrency_limit suspect group_id next_id awaits"
    " cancel_requested progress progress_message"
).split()
ENDED = "2026-01-01 00:00:00.000"


@pytest.mark.parametrize("status", [*TaskStatus, b"\xff"])
@pytest.mark.parametrize("value", ["soon", b"\xff\x00", -1, 1.5])
def test_it_is_json_whatever_is_in_a_row(
    monitoring: QueueMonitoring, database: QueueDatabase, status: object, value: object
) -> None:
    """Each column in turn; what a trigger brings into its form is right as it is."""
    storage = database.storage
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=60.0))
    monitoring.register_worker("worker-01")
    for column in COLUMNS:
        task_id = put(storage)
        lost = "INSERT INTO task_attempts (task_id, attempt, finished_at_utc, outcome, error) VALUES (?, 1, ?, 'failed', ?)"
        database.execute(lost, (task_id, ENDED, value))
        row = (
            "UPDATE task_queue SET status = ?, attempts = 1, locked_by = 'worker-01', finished_at_utc = ? WHERE id = ?"
        )
        database.execute(row, (status, ENDED, task_id))
        with suppress(QueueDatabaseError):  # the table itself refuses some
            database.execute(f"UPDATE task_queue SET {column} = ? WHERE id = ?", (value, task_id))
        found = explained(monitoring, task_id)
        assert json.loads(json.dumps(found)) == found, column
        database.execute("DELETE FROM task_queue")
