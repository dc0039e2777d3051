"""What get_worker_activity says."""

from __future__ import annotations

import json
import sqlite3

import pytest

from musterq.clock import text_to_datetime
from musterq.database import QueueDatabase
from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus, WorkerFacts
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock


def test_a_worker_registered_by_api(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Text stays text, seconds are whole, and what nobody told is None."""
    monitoring.register_worker("worker-01", {"cpu": 8, "gpu": True})
    registered = clock.now()
    clock.advance(42.9)
    (activity,) = monitoring.get_worker_activity()
    assert activity["worker_id"] == "worker-01"
    assert activity["capabilities"] == '{"cpu": 8, "gpu": true}'
    assert json.loads(activity["capabilities"]) == {"cpu": 8, "gpu": True}
    assert type(activity["heartbeat_utc"]) is str
    assert text_to_datetime(activity["heartbeat_utc"]) == registered
    assert type(activity["seconds_since_heartbeat"]) is int
    assert activity["seconds_since_heartbeat"] == 42
    assert type(activity["status"]) is str
    assert activity["tasks_in_flight"] == 0
    untold = ("host", "pid", "types", "concurrency", "strategy", "version", "started_at_utc", "python", "sqlite")
    assert [activity[key] for key in (*untold, "settings")] == [None] * 10


def test_a_worker_process_tells_how_it_runs(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """The types in a list; the version of SQLite is that of the process which registered."""
    facts = WorkerFacts(
        host="host-1",
        pid=4711,
        concurrency=4,
        strategy="fifo",
        types=("mail", "video"),
        version="1.2.3",
        python="3.13.1",
        settings='{"prefetch": 10}',
    )
    database.storage.register("worker-01", "{}", facts)
    started = clock.text()
    clock.advance(5)
    (activity,) = monitoring.get_worker_activity()
    assert {key: activity[key] for key in ("host", "pid", "concurrency", "strategy", "types", "version")} == {
        "host": "host-1",
        "pid": 4711,
        "concurrency": 4,
        "strategy": "fifo",
        "types": ["mail", "video"],
        "version": "1.2.3",
    }
    assert (activity["python"], activity["sqlite"]) == ("3.13.1", sqlite3.sqlite_version)
    assert (activity["started_at_utc"], activity["settings"]) == (started, '{"prefetch": 10}')


def test_it_is_json_as_it_comes(monitoring: QueueMonitoring) -> None:
    """A plain list of plain dicts."""
    monitoring.register_worker("worker-01")
    activity = monitoring.get_worker_activity()
    assert type(activity) is list
    assert type(activity[0]) is dict
    assert json.loads(json.dumps(activity)) == activity


def test_newest_heartbeat_first(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Stale workers are listed, too."""
    for worker_id in ("b", "a", "c"):
        monitoring.register_worker(worker_id)
        clock.advance(400)
    monitoring.update_heartbeat("a")
    listed = [(worker["worker_id"], worker["seconds_since_heartbeat"]) for worker in monitoring.get_worker_activity()]
    assert listed == [("a", 0), ("c", 400), ("b", 1200)]


@pytest.mark.parametrize("ahead", [0.5, 3600])
def test_seconds_are_never_negative(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock, ahead: float
) -> None:
    """A heartbeat of the future, written by a machine whose clock is ahead, is zero seconds old."""
    monitoring.register_worker("worker-01")
    database.execute("UPDATE workers SET heartbeat_utc = ?", (clock.text(ahead),))
    (activity,) = monitoring.get_worker_activity()
    assert activity["seconds_since_heartbeat"] == 0


def test_seconds_of_a_heartbeat_set_by_plain_sql(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """By its text, in the form without milliseconds."""
    monitoring.register_worker("worker-01")
    database.execute("UPDATE workers SET heartbeat_utc = ?", (clock.text(-90)[:19],))
    (activity,) = monitoring.get_worker_activity()
    assert activity["seconds_since_heartbeat"] == 90


def test_tasks_in_flight_are_what_a_worker_holds(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Claimed and not finished, each worker its own."""
    storage = database.storage
    storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(5)])
    monitoring.register_worker("idle")
    claims = storage.claim(ClaimRequest(worker_id="three", limit=3))
    storage.claim(ClaimRequest(worker_id="two", limit=2))

    def in_flight() -> dict[str, int]:
        return {worker["worker_id"]: worker["tasks_in_flight"] for worker in monitoring.get_worker_activity()}

    assert in_flight() == {"idle": 0, "three": 3, "two": 2}
    storage.finish([Outcome(claim=claims[0], status=TaskStatus.COMPLETED)])
    assert in_flight() == {"idle": 0, "three": 2, "two": 2}
