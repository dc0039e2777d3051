"""Registering, beating, reading and removing workers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.models import Worker
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock

HOSTILE_IDS = [
    "wörker-ü-日本-🦀",
    "'; DROP TABLE workers; --",
    '"quoted" and \\ slashed',
    "../../../etc/passwd",
    "/absolute/path",
    "con",
    "with space and %s %d {braces}",
    "null",
    "1",
    "0x10",
    ".",
    "..",
]


def ids(workers: list[Worker]) -> list[str]:
    return [worker.worker_id for worker in workers]


def test_a_registered_worker_is_read_back(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """What was registered comes back as a Worker whose heartbeat is an aware datetime, the time of registering."""
    capabilities = {"cpu": 8, "memory_gb": 16, "gpu": True, "types": ["video", "audio"]}
    assert monitoring.register_worker("worker-01", capabilities) is None  # type: ignore[func-returns-value]
    worker = monitoring.get_worker("worker-01")
    assert isinstance(worker, Worker)
    assert worker.worker_id == "worker-01"
    assert worker.get_capabilities_dict() == capabilities
    assert worker.heartbeat_utc == clock.now()
    assert worker.heartbeat_utc.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("capabilities", "text"),
    [
        ({"cpu": 8, "gpu": True}, '{"cpu": 8, "gpu": true}'),
        ({"zebra": 1, "ant": None}, '{"zebra": 1, "ant": null}'),
        ({"city": "Köln"}, json.dumps({"city": "Köln"})),
        ({}, "{}"),
        (None, "{}"),
    ],
)
def test_capabilities_are_stored_as_the_standard_library_writes_them(
    monitoring: QueueMonitoring, database: QueueDatabase, capabilities: dict[str, object] | None, text: str
) -> None:
    """Programs that compare the text find what json.dumps gives, key order kept."""
    monitoring.register_worker("worker-01", capabilities)
    worker = monitoring.get_worker("worker-01")
    assert worker is not None
    assert worker.capabilities == text
    assert database.execute("SELECT capabilities FROM workers").fetchone()[0] == text


def test_registering_without_capabilities_means_none(monitoring: QueueMonitoring) -> None:
    """The argument may be left out."""
    monitoring.register_worker("worker-02")
    worker = monitoring.get_worker("worker-02")
    assert worker is not None
    assert worker.get_capabilities_dict() == {}


def test_registering_again_replaces_capabilities_and_beats(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Nothing of the former capabilities is left, and the worker is there once."""
    monitoring.register_worker("worker-01", {"cpu": 8, "gpu": True})
    clock.advance(1000)
    monitoring.register_worker("worker-01", {"cpu": 16})
    (worker,) = monitoring.get_all_workers()
    assert worker.get_capabilities_dict() == {"cpu": 16}
    assert worker.heartbeat_utc == clock.now()
    assert monitoring.get_stale_workers() == []


def test_registering_again_without_capabilities_takes_them_away(monitoring: QueueMonitoring) -> None:
    """None means {}, also for a worker that had some."""
    monitoring.register_worker("worker-01", {"gpu": True})
    monitoring.register_worker("worker-01")
    worker = monitoring.get_worker("worker-01")
    assert worker is not None
    assert worker.capabilities == "{}"


def test_a_heartbeat_moves_only_its_own_worker(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """True, the time moves, and the capabilities stay."""
    monitoring.register_worker("beats", {"cpu": 1})
    monitoring.register_worker("silent")
    registered = clock.now()
    clock.advance(12.345)
    assert monitoring.update_heartbeat("beats") is True
    beats, silent = monitoring.get_all_workers()
    assert beats.heartbeat_utc == registered + timedelta(seconds=12.345)
    assert beats.capabilities == '{"cpu": 1}'
    assert silent.heartbeat_utc == registered


def test_a_heartbeat_of_an_unknown_worker_is_false_and_registers_nobody(monitoring: QueueMonitoring) -> None:
    """A removed worker cannot beat itself back."""
    assert monitoring.update_heartbeat("nobody") is False
    assert monitoring.get_all_workers() == []


def test_an_unknown_worker_is_none(monitoring: QueueMonitoring) -> None:
    """Not an error."""
    assert monitoring.get_worker("nobody") is None


def test_no_workers_are_an_empty_list(monitoring: QueueMonitoring) -> None:
    """A list, for every one of the three questions and for the activity."""
    assert monitoring.get_all_workers() == []
    assert monitoring.get_active_workers() == []
    assert monitoring.get_stale_workers() == []
    assert monitoring.get_worker_activity() == []


def test_all_workers_come_by_id(monitoring: QueueMonitoring) -> None:
    """Whatever the order of registering."""
    for worker_id in ["c", "a", "b", "B", "10", "9"]:
        monitoring.register_worker(worker_id)
    assert ids(monitoring.get_all_workers()) == ["10", "9", "B", "a", "b", "c"]


def test_removing_is_true_once(monitoring: QueueMonitoring) -> None:
    """True for the one that was there, False afterwards, and others stay."""
    monitoring.register_worker("gone")
    monitoring.register_worker("stays")
    assert monitoring.remove_worker("gone") is True
    assert monitoring.remove_worker("gone") is False
    assert monitoring.remove_worker("never-was") is False
    assert ids(monitoring.get_all_workers()) == ["stays"]
    assert monitoring.update_heartbeat("gone") is False


def test_a_removed_worker_can_register_again(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """It is as new: nothing of its former self is left."""
    monitoring.register_worker("worker-01", {"gpu": True})
    monitoring.remove_worker("worker-01")
    clock.advance(500)
    monitoring.register_worker("worker-01")
    (worker,) = monitoring.get_active_workers()
    assert worker.capabilities == "{}"
    assert worker.heartbeat_utc == clock.now()


@pytest.mark.parametrize("worker_id", HOSTILE_IDS)
def test_any_text_is_a_worker_id(monitoring: QueueMonitoring, worker_id: str) -> None:
    """Hostile text is only text, through the whole life of a worker."""
    monitoring.register_worker(worker_id, {"text": worker_id})
    monitoring.register_worker("bystander")
    worker = monitoring.get_worker(worker_id)
    assert worker is not None
    assert worker.worker_id == worker_id
    assert worker.get_capabilities_dict() == {"text": worker_id}
    assert monitoring.update_heartbeat(worker_id) is True
    assert worker_id in ids(monitoring.get_active_workers())
    assert worker_id in [activity["worker_id"] for activity in monitoring.get_worker_activity()]
    assert monitoring.remove_worker(worker_id) is True
    assert ids(monitoring.get_all_workers()) == ["bystander"]


@pytest.mark.parametrize("worker_id", ["", "x" * 100_000, "\ud800"])
@pytest.mark.parametrize("verb", ["register_worker", "update_heartbeat", "get_worker", "remove_worker"])
def test_text_that_can_be_no_id_is_a_value_error(monitoring: QueueMonitoring, verb: str, worker_id: str) -> None:
    """Empty, over-long, or not encodable."""
    with pytest.raises(ValueError, match="worker"):
        getattr(monitoring, verb)(worker_id)
    assert monitoring.get_all_workers() == []


@pytest.mark.parametrize("worker_id", [None, 7, b"worker-01", ["worker-01"]])
@pytest.mark.parametrize("verb", ["register_worker", "update_heartbeat", "get_worker", "remove_worker"])
def test_an_id_that_is_no_text_is_a_type_error(monitoring: QueueMonitoring, verb: str, worker_id: object) -> None:
    """Nothing is converted behind the caller's back."""
    with pytest.raises(TypeError, match="worker"):
        getattr(monitoring, verb)(worker_id)
    assert monitoring.get_all_workers() == []


@pytest.mark.parametrize(
    "capabilities",
    [
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": {1, 2}},
        {1: "x"},
        {"x": "\ud800"},
        {"x": object()},
        ["gpu"],
        "gpu",
        7,
    ],
)
def test_capabilities_that_are_no_json_object_are_refused(monitoring: QueueMonitoring, capabilities: object) -> None:
    """Before anything is written: the worker keeps what it had."""
    monitoring.register_worker("worker-01", {"cpu": 1})
    with pytest.raises((TypeError, ValueError), match="capabilities"):
        monitoring.register_worker("worker-01", capabilities)  # type: ignore[arg-type]
    worker = monitoring.get_worker("worker-01")
    assert worker is not None
    assert worker.capabilities == '{"cpu": 1}'


def test_a_heartbeat_written_by_plain_sql_is_read_as_utc(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """The older form without milliseconds, and the T and Z of other languages."""
    for worker_id, text in [("old", "2024-05-06 07:08:09"), ("iso", "2024-05-06T07:08:09Z")]:
        database.execute("INSERT INTO workers(worker_id, capabilities) VALUES (?, '{}')", (worker_id,))
        database.execute("UPDATE workers SET heartbeat_utc = ? WHERE worker_id = ?", (text, worker_id))
        worker = monitoring.get_worker(worker_id)
        assert worker is not None
        assert worker.heartbeat_utc == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_a_worker_put_in_by_plain_sql_is_a_worker(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """INSERT OR REPLACE, as older programs register, with the heartbeat by default."""
    for cpu in (1, 2):
        database.execute(
            "INSERT OR REPLACE INTO workers(worker_id, capabilities) VALUES (?, ?)", ("sql", json.dumps({"cpu": cpu}))
        )
    (worker,) = monitoring.get_all_workers()
    assert worker.get_capabilities_dict() == {"cpu": 2}
    assert monitoring.update_heartbeat("sql") is True
    assert monitoring.remove_worker("sql") is True


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.register_worker("w"),
        lambda m: m.update_heartbeat("w"),
        lambda m: m.get_worker("w"),
        lambda m: m.get_all_workers(),
        lambda m: m.get_active_workers(),
        lambda m: m.get_stale_workers(),
        lambda m: m.remove_worker("w"),
        lambda m: m.get_queue_metrics(),
        lambda m: m.get_worker_activity(),
    ],
    ids=["register", "heartbeat", "get", "all", "active", "stale", "remove", "metrics", "activity"],
)
class TestADatabaseFault:
    """Leaves every method as a QueueDatabaseError."""

    def test_when_the_database_is_closed(self, database: QueueDatabase, call: object) -> None:
        monitoring = QueueMonitoring(database)
        monitoring.get_all_workers()
        database.close()
        with pytest.raises(QueueDatabaseError, match="closed"):
            call(monitoring)  # type: ignore[operator]

    def test_when_the_table_is_gone(self, database: QueueDatabase, call: object) -> None:
        monitoring = QueueMonitoring(database)
        monitoring.get_all_workers()
        for view in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            database.execute(f"DROP VIEW {view[0]}")
        database.execute("DROP TABLE workers")
        with pytest.raises(QueueDatabaseError):
            call(monitoring)  # type: ignore[operator]


def test_monitoring_wants_a_queue_database() -> None:
    """A path is a mistake that is named at once."""
    with pytest.raises(TypeError, match="QueueDatabase"):
        QueueMonitoring("queue.db")  # type: ignore[arg-type]
