"""What explain gives, whatever became of the task."""

from __future__ import annotations

import json

import pytest

from musterq.database import QueueDatabase
from musterq.models import TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.records import LogLine
from tests.monitoring.explaining import end, explained, put, reasons, take
from tests.support import MovableClock


def test_a_task_that_is_not_there(monitoring: QueueMonitoring) -> None:
    """None, as of a worker that is not there."""
    assert monitoring.explain(17) is None


@pytest.mark.parametrize(
    ("task_id", "error"), [(0, ValueError), ("1", TypeError), (None, TypeError), (True, TypeError)]
)
def test_what_can_be_no_id(monitoring: QueueMonitoring, task_id: object, error: type[Exception]) -> None:
    """It is said before anything is read."""
    with pytest.raises(error, match="task_id"):
        monitoring.explain(task_id)  # type: ignore[arg-type]


def test_it_is_json_as_it_comes(monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock) -> None:
    """A plain dict of plain values, with an entry of everything."""
    storage = database.storage
    task_id = put(storage, max_attempts=2)
    claim = take(storage)
    line = {"task_id": task_id, "claim_token": claim.claim_token, "at": clock.time(), "level": "INFO"}
    storage.log([LogLine(**line, message="hello", details='{"page": 4}')])
    clock.advance(61)
    storage.rescue_expired()
    end(storage, take(storage), TaskStatus.SCHEDULED, error="no", retry_in_seconds=0)
    end(storage, take(storage))
    found = explained(monitoring, task_id)
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {"task_id", "type", "status", "summary", "reasons", "attempts", "rescues", "logs"}
    assert (found["task_id"], found["type"], found["status"]) == (task_id, "mail", "completed")
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["lost", "failed", "completed"]
    assert found["rescues"] == monitoring.get_ledger(task_id=task_id)
    assert found["logs"] == [
        {"at_utc": clock.text(-61), "level": "INFO", "message": "hello", "details": {"page": 4}},
    ]


def test_an_attempt_has_all_that_is_known_of_it(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """On whom, when, for how long, and why it ended."""
    storage = database.storage
    task_id = put(storage)
    claim = take(storage)
    clock.advance(3)
    end(storage, claim, TaskStatus.FAILED, error="ValueError: no", traceback="Traceback ...")
    assert explained(monitoring, task_id)["attempts"] == [
        {
            "attempt": 1,
            "outcome": "failed",
            "worker_id": "worker-01",
            "started_at_utc": clock.text(-3),
            "finished_at_utc": clock.text(),
            "run_seconds": 3.0,
            "error": "ValueError: no",
            "traceback": "Traceback ...",
            "signal": None,
            "exit_code": None,
            "peak_bytes": None,
        }
    ]


def test_the_attempt_that_is_not_over_is_there_too(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """With the time that it has run so far."""
    storage = database.storage
    task_id = put(storage)
    take(storage)
    clock.advance(2)
    (running,) = explained(monitoring, task_id)["attempts"]
    assert (running["outcome"], running["run_seconds"], running["finished_at_utc"]) == ("running", 2.0, None)


def test_details_that_are_not_json_are_text(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Plain SQL can put in anything."""
    task_id = put(database.storage)
    database.execute("INSERT INTO task_logs (task_id, level, details) VALUES (?, 'INFO', '{broken')", (task_id,))
    (line,) = explained(monitoring, task_id)["logs"]
    assert (line["message"], line["details"]) == (None, "{broken")


def test_a_status_that_no_worker_knows(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """It says how to get out of it."""
    task_id = put(database.storage)
    database.execute("UPDATE task_queue SET status = 'parked' WHERE id = ?", (task_id,))
    found = explained(monitoring, task_id)
    assert reasons(monitoring, task_id) == ["unknown_status"]
    assert found["summary"].startswith("task 1 (mail) is parked: ")
    assert "'queued'" in found["summary"]


def test_the_summary_names_what_else_holds(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """One sentence: the most decisive reason in full, the others by their words."""
    task_id = put(database.storage, compatibility='{"gpu": true}')
    database.storage.pause("mail")
    monitoring.register_worker("worker-01")
    summary = explained(monitoring, task_id)["summary"]
    assert summary.startswith("task 1 (mail) is queued: its type mail is paused since ")
    assert summary.endswith("end that with: musterq resume mail (also: no capable worker)")
