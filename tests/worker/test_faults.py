"""A database that fails while a worker works: nothing is lost, and the work goes on."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import Claim, ClaimRequest, Outcome, TaskStatus
from musterq.queue.task_queue import TaskQueue
from musterq.records import Pulse
from musterq.storage.base import Storage
from musterq.worker import WorkerEngine
from tests.worker.waiting import LIMIT, Record, until, working


class FailingStorage:
    """The real storage, which fails on command."""

    def __init__(self, storage: Storage) -> None:
        self._real = storage
        self.failing_exchanges = 0
        self.error: Exception = QueueDatabaseError("the disk is full")
        self.failing_beats = 0
        self.refuse = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def exchange(
        self, outcomes: list[Outcome], request: ClaimRequest | None, **options: Any
    ) -> tuple[list[bool], list[Claim]]:
        if self.failing_exchanges and outcomes:
            self.failing_exchanges -= 1
            raise self.error
        return self._real.exchange(outcomes, request, **options)

    def heartbeat(self, worker_id: str, pulse: Pulse | None = None) -> bool:
        if self.failing_beats:
            self.failing_beats -= 1
            raise QueueDatabaseError("the disk is full")
        return self._real.heartbeat(worker_id, pulse)


def put_between(queue: TaskQueue) -> FailingStorage:
    failing = FailingStorage(queue.storage)
    queue._storage = failing
    return failing


def test_outcomes_are_kept_until_they_can_be_written(queue: TaskQueue, record: Record) -> None:
    """The handler is not run again: its result waits for the disk."""
    ran: list[int] = []

    @queue.task()
    def count() -> int:
        ran.append(1)
        return len(ran)

    put_between(queue).failing_exchanges = 2
    handle = count.enqueue()
    with working(WorkerEngine(queue)):
        assert handle.wait(LIMIT) == 1
    assert ran == [1]
    failed = record.named("storage.failed")
    assert [(str(facts["error"]), facts["unwritten"]) for facts in failed] == [("the disk is full", 1)] * 2
    assert failed[0]["retry_in_seconds"] < failed[1]["retry_in_seconds"]


def test_an_error_that_nobody_foresaw_ends_no_worker(queue: TaskQueue, record: Record) -> None:
    """It is told like one of the database, and the work goes on."""

    @queue.task()
    def one() -> int:
        return 1

    failing = put_between(queue)
    failing.error, failing.failing_exchanges = TypeError("unforeseen"), 1
    with working(WorkerEngine(queue)):
        assert one.enqueue().wait(LIMIT) == 1
    assert [str(facts["error"]) for facts in record.named("storage.failed")] == ["unforeseen"]


def test_a_worker_that_stops_meanwhile_still_writes_its_outcomes(queue: TaskQueue, record: Record) -> None:
    """Within its grace time."""

    @queue.task()
    def one() -> int:
        return 1

    put_between(queue).failing_exchanges = 1
    handle = one.enqueue()
    engine = WorkerEngine(queue)
    with working(engine):
        until(lambda: record.named("storage.failed"))
        engine.stop()
    assert handle.wait(0) == 1


def test_a_disk_that_stays_full_does_not_hold_up_a_stop(queue: TaskQueue, record: Record) -> None:
    """What could not be written is given back when the worker's lock is found free."""

    @queue.task()
    def one() -> int:
        return 1

    put_between(queue).failing_exchanges = 1_000_000
    one.enqueue()
    engine = WorkerEngine(queue, grace_seconds=0.05)
    with working(engine):
        until(lambda: record.named("storage.failed"))
        engine.stop()
    assert record.named("worker.stopped")


@pytest.mark.parametrize("error", [QueueDatabaseError("stays broken"), TypeError("stays broken")])
def test_a_burst_gives_up_where_the_database_stays_broken(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whoever waits for its end must not wait for ever."""
    monkeypatch.setattr("musterq.worker.service.LONGEST_RETRY_SECONDS", 0.001)

    @queue.task()
    def one() -> int:
        return 1

    failing = put_between(queue)
    failing.error, failing.failing_exchanges = error, 1_000_000
    one.enqueue()
    with pytest.raises(type(error), match="stays broken"):
        WorkerEngine(queue, burst=True, grace_seconds=0.05).run()


def test_a_beat_that_fails_is_no_removal(queue: TaskQueue, record: Record) -> None:
    """That of the start, or a later one: it is tried again soon, and the worker goes on."""

    @queue.task()
    def one() -> int:
        return 1

    failing = put_between(queue)
    failing.failing_beats = 2
    with working(WorkerEngine(queue)):
        until(lambda: record.named("service.failed"))
        until(lambda: not failing.failing_beats)
        assert one.enqueue().wait(LIMIT) == 1
    assert [facts["service"] for facts in record.named("service.failed")] == ["musterq-heartbeat"]
    assert len(record.named("storage.failed")) == 1
    assert not record.named("worker.removed")


def test_a_finish_that_comes_too_late_is_refused_and_told(queue: TaskQueue, record: Record) -> None:
    """Somebody took the task back meanwhile: what it is then stays."""
    begun, go = threading.Event(), threading.Event()

    @queue.task()
    def slow() -> str:
        begun.set()
        assert go.wait(LIMIT)
        return "too late"

    handle = slow.enqueue()
    with working(WorkerEngine(queue, worker_id="w1", concurrency=1)):
        assert begun.wait(LIMIT)
        queue.database.execute(
            "UPDATE task_queue SET status = 'failed', locked_by = NULL, claim_token = NULL WHERE id = ?", (handle.id,)
        )
        go.set()
        (refused,) = until(lambda: record.named("finish.refused"))
    assert (refused["task_id"], refused["status"], refused["worker_id"]) == (handle.id, TaskStatus.COMPLETED, "w1")
    assert handle.status() == "failed"
