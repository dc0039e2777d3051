"""Workers keep the file small, one at a time, and say what they did."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator

import pytest

from musterq.database import QueueDatabase
from musterq.monitoring.log import log_events
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.log_watch import LogWatch
from musterq.worker.pruner import DUTY, Pruner
from tests.storage.long_reader import reading
from tests.support import MovableClock
from tests.worker.waiting import Record, until, working

DAY = 86_400.0


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def queue(tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[TaskQueue]:
    with QueueDatabase(tmp_path_factory.mktemp("queue") / "queue.db", clock=clock) as database:
        yield TaskQueue(database)


@pytest.fixture
def old(queue: TaskQueue, clock: MovableClock) -> int:
    """How many tasks there are that may go."""
    queue.enqueue_many([{"type": "mail"} for _ in range(500)])
    for claim in queue.claim("w", limit=500):
        queue.complete(claim)
    clock.advance(8 * DAY)
    return 500


def test_a_worker_prunes(queue: TaskQueue, record: Record, old: int):
    """As soon as it has started, and tells what went."""
    queue.task(lambda: None, type="nothing")
    with working(WorkerEngine(queue)):
        (told,) = until(lambda: record.named("tasks.pruned"))
    assert told["tasks"] == old
    assert queue.find() == []


def test_only_one_prunes_at_a_time(queue: TaskQueue, old: int):
    """The others look again later."""
    assert queue.storage.take_duty(DUTY, "somebody else", 60)
    assert Pruner(queue.storage, "w", events=queue.events, seconds=17).run_once() == 17
    assert len(queue.find(limit=1000)) == old


def test_it_rests_between_its_steps(queue: TaskQueue, record: Record, old: int):
    """Longer than they took; and tells at the end what went in all of them."""
    pruner = Pruner(queue.storage, "w", events=queue.events, seconds=17)
    rests = []
    while (rest := pruner.run_once()) != 17:
        assert record.named("tasks.pruned") == []
        rests.append(rest)
    assert rests
    assert all(0.01 <= rest < 17 for rest in rests)
    assert record.named("tasks.pruned") == [{"tasks": old, "entries": 0, "bytes": 0}]


def test_where_nothing_went_nothing_is_told(queue: TaskQueue, record: Record):
    """An idle queue makes no lines."""
    Pruner(queue.storage, "w", events=queue.events).run_once()
    assert record.named("tasks.pruned") == []


def test_who_stops_leaves_the_duty(queue: TaskQueue):
    """So that another may go on at once."""
    pruner = Pruner(queue.storage, "w", events=queue.events)
    pruner.run_once()
    assert not queue.storage.take_duty(DUTY, "other", 60)
    pruner.stop()
    assert queue.storage.take_duty(DUTY, "other", 60)


def test_who_cannot_leave_it_stops_anyway(queue: TaskQueue):
    """Its time ends by itself."""
    pruner = Pruner(queue.storage, "w", events=queue.events)
    pruner.run_once()
    queue.database.close()
    assert pruner.stop()


# -- the log -----------------------------------------------------------------------------------------
@pytest.fixture
def reader(queue: TaskQueue) -> Iterator[int]:
    """The id of a process that has a read transaction open."""
    queue.enqueue("mail")
    with reading(queue.database.location) as pid:
        yield pid


@pytest.fixture
def watch(queue: TaskQueue) -> LogWatch:
    """One to which a hundred kilobytes are much."""
    return LogWatch(queue.storage, "w", events=queue.events, pinned_bytes=100_000)


def write_much(queue: TaskQueue) -> None:
    queue.enqueue("mail", "x" * 200_000)


def test_who_pins_the_log_is_named(
    queue: TaskQueue,
    record: Record,
    watch: LogWatch,
    reader: int,
    caplog: pytest.LogCaptureFixture,
):
    """When it is seen for the second time, in a warning that says what to do."""
    caplog.set_level(logging.INFO)
    end = log_events(queue.events)
    write_much(queue)
    watch.run_once()
    assert record.named("log.pinned") == []
    watch.run_once()
    (told,) = record.named("log.pinned")
    assert told["pid"] == reader
    assert told["bytes"] > 200_000
    assert told["seconds"] > 0
    assert f"process {reader} (" in caplog.text
    assert "end that transaction" in caplog.text
    watch.run_once()
    assert len(record.named("log.pinned")) == 1  # once a minute
    end()


def test_who_reads_in_passing_is_not_named(queue: TaskQueue, record: Record, watch: LogWatch):
    """Each time another state of the log."""
    connection = sqlite3.connect(queue.database.location, isolation_level=None)
    for _ in range(3):
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM task_queue").fetchone()
        write_much(queue)
        watch.run_once()
        connection.execute("COMMIT")
    connection.close()
    assert record.named("log.pinned") == []


def test_a_small_log_needs_no_look(queue: TaskQueue, record: Record, reader: int):
    """Whoever reads it."""
    queue.enqueue("mail")
    watch = LogWatch(queue.storage, "w", events=queue.events)
    for _ in range(3):
        watch.run_once()
    assert record.named("log.pinned") == []


def test_one_worker_watches_for_all(queue: TaskQueue, record: Record, watch: LogWatch, reader: int):
    """So that one warning comes, and not one of each."""
    other = LogWatch(queue.storage, "other", events=queue.events, pinned_bytes=100_000)
    write_much(queue)
    for _ in range(2):
        watch.run_once()
        other.run_once()
    assert len(record.named("log.pinned")) == 1
