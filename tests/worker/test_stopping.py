"""How a worker stops: what runs is finished or given back, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.worker.waiting import LIMIT, Record, until, working


class Held:
    """A handler that begins, and ends when it is let go."""

    def __init__(self, queue: TaskQueue) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

        @queue.task(type="hold")
        def hold() -> str:
            self.begun.release()
            assert self.go.wait(LIMIT)
            return "done"

        self.enqueue = hold.enqueue


@pytest.fixture
def held(queue: TaskQueue) -> Iterator[Held]:
    held = Held(queue)
    yield held
    held.go.set()


def begin(held: Held, count: int = 1) -> list[Handle[str]]:
    """So many tasks; returns when one of them runs."""
    handles = [held.enqueue() for _ in range(count)]
    assert held.begun.acquire(timeout=LIMIT)
    return handles


def test_a_stop_lets_what_runs_finish(queue: TaskQueue, held: Held, record: Record) -> None:
    """Its result is kept, and the worker ends only then."""
    engine = WorkerEngine(queue)
    with working(engine) as thread:
        (handle,) = begin(held)
        engine.stop()
        until(lambda: record.named("worker.stopping"))
        assert thread.is_alive()
        held.go.set()
        until(lambda: not thread.is_alive())
    assert handle.wait(0) == "done"
    assert (record.named("worker.stopping")[0]["reason"], record.named("worker.stopping")[0]["running"]) == ("asked", 1)


def test_a_stopping_worker_claims_nothing_more(queue: TaskQueue, held: Held, record: Record) -> None:
    """What comes while it finishes its last task waits for another."""
    engine = WorkerEngine(queue, concurrency=2)
    with working(engine) as thread:
        begin(held)
        engine.stop()
        until(lambda: record.named("worker.stopping"))
        late = held.enqueue()
        held.go.set()
        until(lambda: not thread.is_alive())
    task = late.get()
    assert (task.status, task.attempts) == ("queued", 0)


def test_a_second_stop_gives_back_at_once_what_runs(queue: TaskQueue, held: Held) -> None:
    """Without an attempt used up; the late finish of what still runs changes nothing."""
    engine = WorkerEngine(queue, grace_seconds=3600)
    with working(engine) as thread:
        (handle,) = begin(held)
        engine.stop()
        engine.stop()
        until(lambda: not thread.is_alive())
    task = handle.get()
    assert (task.status, task.attempts, task.locked_by) == ("queued", 0, None)
    held.go.set()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("musterq-task")])
    assert handle.status() == "queued"


def test_what_runs_longer_than_the_grace_time_is_given_back(queue: TaskQueue, held: Held) -> None:
    """Another worker takes it, and finishes it once."""
    engine = WorkerEngine(queue, grace_seconds=0.01)
    with working(engine) as thread:
        (handle,) = begin(held)
        engine.stop()
        until(lambda: not thread.is_alive())
    assert handle.status() == "queued"
    held.go.set()
    WorkerEngine(queue, burst=True).run()
    assert (handle.wait(0), handle.get().attempts) == ("done", 1)


def test_a_stop_before_the_run_ends_it_at_once(queue: TaskQueue, held: Held) -> None:
    """A signal may come early: nothing is claimed."""
    handle = held.enqueue()
    engine = WorkerEngine(queue)
    engine.stop()
    engine.run()
    assert (handle.status(), queue.storage.workers()) == ("queued", [])


def test_an_idle_worker_stops_at_once(queue: TaskQueue, held: Held, record: Record) -> None:
    """It is woken from its sleep."""
    engine = WorkerEngine(queue)
    with working(engine) as thread:
        until(lambda: record.named("worker.started"))
        engine.stop()
        until(lambda: not thread.is_alive())
    assert [name for name, _ in record.all] == ["worker.started", "worker.stopping", "worker.stopped"]


def test_a_removed_worker_finishes_what_runs(queue: TaskQueue, held: Held, record: Record) -> None:
    """And one stop afterwards is the first, not the second: nothing is given back."""
    other_go = threading.Event()

    @queue.task()
    def other() -> str:
        assert other_go.wait(LIMIT)
        return "done"

    with working(engine := WorkerEngine(queue, worker_id="w1", heartbeat_seconds=0.02)) as thread:
        other_handle = other.enqueue()
        (handle,) = begin(held)
        queue.storage.remove_worker("w1")
        until(lambda: record.named("worker.stopping"))
        engine.stop()
        held.go.set()
        assert handle.wait(LIMIT) == "done"  # so the loop has seen the stop
        assert other_handle.status() == "processing"
        other_go.set()
        until(lambda: not thread.is_alive())
    assert other_handle.wait(0) == "done"


def test_a_stopping_worker_shows_itself_as_draining(queue: TaskQueue, held: Held) -> None:
    """Whoever looks at the workers sees why it claims nothing."""
    engine = WorkerEngine(queue)
    with working(engine):
        begin(held)
        engine.stop()
        until(lambda: [activity.status for activity in queue.storage.worker_activity()] == ["draining"])
        held.go.set()
