"""How a worker takes its place in the queue, and leaves it."""

from __future__ import annotations

import json
import os
import platform
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import QueueSchemaError, WorkerIdTakenError
from musterq.observations import Expectation
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.loading import WorkerLoadError
from tests.worker.waiting import Record, until, working


@pytest.fixture
def queue_with_handler(queue: TaskQueue) -> TaskQueue:
    @queue.task()
    def mail() -> None: ...

    return queue


def test_a_worker_is_listed_while_it_works(queue_with_handler: TaskQueue) -> None:
    """With its capabilities, where it runs, and a fresh heartbeat; a clean stop takes it off the list."""
    storage = queue_with_handler.storage
    engine = WorkerEngine(queue_with_handler, worker_id="w1", capabilities={"cpu": 8, "gpu": True})
    with working(engine):
        (activity,) = until(storage.worker_activity)
        assert (activity.worker_id, activity.capabilities) == ("w1", '{"cpu": 8, "gpu": true}')
        assert (activity.host, activity.pid) == (socket.gethostname(), os.getpid())
    assert storage.workers() == []


def test_a_worker_tells_how_it_is_set_up(queue_with_handler: TaskQueue) -> None:
    """What it runs on, and the options that workers are compared by."""
    storage = queue_with_handler.storage
    engine = WorkerEngine(
        queue_with_handler, concurrency=3, strategy="fifo", grace_seconds=7.5, prefetch=11, max_child_mib=512
    )
    with working(engine):
        (activity,) = until(storage.worker_activity)
    assert (activity.concurrency, activity.strategy, activity.types) == (3, "fifo", ("mail",))
    assert (activity.version, activity.python) == (version("musterq"), platform.python_version())
    settings = json.loads(activity.settings or "")
    assert (settings["grace_seconds"], settings["prefetch"], settings["max_child_mib"]) == (7.5, 11, 512)
    assert (settings["executor"], settings["max_wait"], settings["task_log_level"]) == ("threads", None, "info")


def test_a_worker_that_stops_says_so_to_who_asks_later(queue_with_handler: TaskQueue) -> None:
    """It is the last that went of those that were expected."""
    storage = queue_with_handler.storage
    storage.expect_workers(Expectation(name="mail", count=1, types=("mail",)))
    with working(WorkerEngine(queue_with_handler, worker_id="w1")):
        until(lambda: storage.expectations()[0].alive == 1)
    (found,) = storage.expectations()
    assert (found.alive, found.missing) == (0, 1)
    assert found.last is not None
    assert (found.last.worker_id, found.last.host) == ("w1", socket.gethostname())
    assert found.last.reason == "it stopped (asked)"


def test_a_worker_id_says_where_it_runs_and_is_its_own(queue_with_handler: TaskQueue) -> None:
    """Host, process id, and what tells two workers of one process apart."""
    one, other = WorkerEngine(queue_with_handler), WorkerEngine(queue_with_handler)
    assert one.worker_id.startswith(f"{socket.gethostname()}-{os.getpid()}-")
    assert one.worker_id != other.worker_id


def test_an_id_under_which_another_worker_lives_is_refused(queue_with_handler: TaskQueue) -> None:
    """The first one goes on under it; once it has stopped, the id is free."""
    with working(WorkerEngine(queue_with_handler, worker_id="w1")):
        until(lambda: queue_with_handler.storage.worker("w1"))
        with pytest.raises(WorkerIdTakenError, match="'w1'"):
            WorkerEngine(queue_with_handler, worker_id="w1").run()
        assert queue_with_handler.storage.worker("w1")
    WorkerEngine(queue_with_handler, worker_id="w1", burst=True).run()


def test_two_workers_share_one_queue(queue_with_handler: TaskQueue) -> None:
    """Each has its own place."""
    with working(WorkerEngine(queue_with_handler)), working(WorkerEngine(queue_with_handler)):
        until(lambda: len(queue_with_handler.storage.workers()) == 2)


def test_a_worker_beats(queue_with_handler: TaskQueue) -> None:
    """Its heartbeat moves on while it has nothing to do."""
    storage = queue_with_handler.storage
    with working(WorkerEngine(queue_with_handler, worker_id="w1", heartbeat_seconds=0.02)):
        first = until(lambda: storage.worker("w1")).heartbeat_utc
        until(lambda: storage.worker("w1").heartbeat_utc > first)


def test_a_worker_that_was_removed_stops_and_does_not_come_back(queue_with_handler: TaskQueue, record: Record) -> None:
    """Its next beat finds no row."""
    storage = queue_with_handler.storage
    with working(WorkerEngine(queue_with_handler, worker_id="w1", heartbeat_seconds=0.02)) as thread:
        until(lambda: storage.worker("w1"))
        assert storage.remove_worker("w1")
        until(lambda: not thread.is_alive())
    assert storage.workers() == []
    assert [facts["reason"] for facts in record.named("worker.stopped")] == ["removed"]
    assert len(record.named("worker.removed")) == 1


def test_an_engine_runs_once(queue_with_handler: TaskQueue) -> None:
    """A second worker is a second engine."""
    engine = WorkerEngine(queue_with_handler, burst=True)
    engine.run()
    with pytest.raises(RuntimeError, match="make another WorkerEngine"):
        engine.run()


def test_a_database_that_is_an_applications_is_left_alone(tmp_path: Path) -> None:
    """The worker says what to run first, and leaves neither lock nor table."""
    queue = TaskQueue(tmp_path / "application.db")
    queue.database.execute("CREATE TABLE customers (name TEXT)")

    @queue.task()
    def mail() -> None: ...

    with pytest.raises(QueueSchemaError, match="init"):
        WorkerEngine(queue).run()
    assert queue.database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 1
    queue.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency=0 is out of range"),
        ({"strategy": "random"}, "strategy='random' is unknown; give one of: fifo"),
        ({"types": []}, "types is empty"),
        ({"types": ["fax"]}, "nobody handles 'fax'; this queue has handlers for 'mail'"),
        ({"worker_id": ""}, "worker_id='' has 0 characters"),
        ({"grace_seconds": -1}, "grace_seconds=-1 is out of range"),
        ({"heartbeat_seconds": 40}, "heartbeat_seconds=40 is over half of lease_seconds=60.0"),
        ({"prefetch": -1}, "prefetch=-1 is out of range"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_written(
    queue_with_handler: TaskQueue, options: dict[str, Any], message: str
) -> None:
    """With the value and what to give instead."""
    with pytest.raises(ValueError, match=message):
        WorkerEngine(queue_with_handler, **options)


def test_capabilities_that_are_no_json_are_refused(queue_with_handler: TaskQueue) -> None:
    """With the place in them."""
    with pytest.raises(TypeError, match=r"capabilities\['gpu'\]"):
        WorkerEngine(queue_with_handler, capabilities={"gpu": {1}})


def test_a_queue_without_handlers_has_no_worker(queue: TaskQueue) -> None:
    """It would wait for nothing."""
    with pytest.raises(WorkerLoadError, match=r"decorate functions with @queue\.task"):
        WorkerEngine(queue)
