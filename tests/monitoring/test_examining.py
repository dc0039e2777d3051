"""The database as a patient, and what its workers run on."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from musterq import QueueDatabase, QueueMonitoring
from musterq.models import WorkerFacts
from tests.support import MovableClock


@pytest.fixture
def database(tmp_path: Any, clock: MovableClock) -> Any:
    with QueueDatabase(tmp_path / "queue.db", clock=clock) as database:
        database.initialize_schema()
        yield database


def facts(database: QueueDatabase, *, deep: bool = False) -> dict[str, dict[str, Any]]:
    """What is found, by name."""
    return {fact["fact"]: fact for fact in QueueMonitoring(database).examine(deep=deep)}


def start(database: QueueDatabase, worker_id: str, *, sqlite: str = "3.51.3", **told: Any) -> None:
    """Register a worker process that tells this of itself, as one that runs on this SQLite."""
    database.storage.register(worker_id, "{}", WorkerFacts(host="host-1", pid=4711, **told))
    database.execute("UPDATE worker_facts SET sqlite_version = ? WHERE worker_id = ?", (sqlite, worker_id))


def test_a_new_queue_is_well(database: QueueDatabase):
    """Everything is JSON, named once, and in its section."""
    for deep in (False, True):
        found = QueueMonitoring(database).examine(deep=deep)
        assert {fact["verdict"] for fact in found if fact["fact"] != "disk"} == {"ok"}
        assert json.loads(json.dumps(found)) == found
        assert len({fact["fact"] for fact in found}) == len(found)
        assert all(set(fact) == {"section", "fact", "verdict", "value", "text", "advice"} for fact in found)
    assert facts(database)["python"]["value"] == platform.python_version()


def test_workers_of_another_version_are_a_warning(database: QueueDatabase):
    """Of musterq, or of SQLite among themselves."""
    ours = facts(database)["musterq"]["value"]
    start(database, "worker-1", version=ours)
    start(database, "worker-2", version=ours)
    assert facts(database)["worker_versions"]["verdict"] == "ok"
    assert facts(database)["worker_engines"]["verdict"] == "ok"
    start(database, "worker-3", version="0.0.1", sqlite="3.40.1")
    found = facts(database)
    assert found["worker_versions"]["verdict"] == found["worker_engines"]["verdict"] == "warning"
    assert found["worker_versions"]["value"] == {ours: 2, "0.0.1": 1}
    assert found["worker_engines"]["value"]["sqlite"] == {"3.51.3": 2, "3.40.1": 1}


def test_how_workers_are_set_up_is_compared(database: QueueDatabase):
    """To differ may be meant, so it is no warning."""
    start(database, "worker-1", concurrency=4, settings='{"heartbeat_seconds": 5.0}')
    start(database, "worker-2", concurrency=4, settings='{"heartbeat_seconds": 5.0}')
    assert facts(database)["worker_settings"]["text"] == "all workers are set up alike"
    start(database, "worker-3", concurrency=4, settings='{"heartbeat_seconds": 20.0}')
    found = facts(database)["worker_settings"]
    assert found["verdict"] == "ok"
    assert "differ in heartbeat_seconds" in found["text"]
    assert found["value"]["worker-3"]["heartbeat_seconds"] == 20.0


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_wall_clock_that_was_set_is_found(database: QueueDatabase, clock: MovableClock, seconds: float):
    """Since the last beat, by the boot clock."""
    start(database, "worker-1")
    clock.advance(10)
    assert facts(database)["clocks"]["value"] == {}
    clock.set_wall_clock(seconds)
    found = facts(database)["clocks"]
    assert found["verdict"] == "warning"
    assert found["value"] == {"worker-1": -seconds}


def test_a_beat_from_the_future_is_found(database: QueueDatabase):
    """As of a machine whose clock is ahead."""
    QueueMonitoring(database).register_worker("worker-1")
    database.execute("UPDATE workers SET heartbeat_utc = strftime('%Y-%m-%d %H:%M:%f', heartbeat_utc, '+1 hour')")
    assert facts(database)["clocks"]["value"] == {"worker-1": pytest.approx(3600, abs=1)}


def test_a_damaged_roll_is_told_with_all_the_rest(database: QueueDatabase):
    """The examination goes on where it can."""
    storage = database.storage
    start(database, "worker-1")
    root = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'workers'").fetchone()[0]
    page = database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    with Path(storage.location).open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xa5" * 64)
    with QueueDatabase(storage.location) as again:
        found = facts(again)
    assert found["workers_unreadable"]["verdict"] == "critical"
    assert found["integrity"]["verdict"] == "critical"
    assert found["schema"]["verdict"] == "ok"
