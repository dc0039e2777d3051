"""How many child processes start at the same time."""

from __future__ import annotations

import os
import threading

import pytest

from musterq.models import RetryPolicy
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.child_process import ChildProcess
from musterq.worker.child_starts import ChildStarts
from tests.worker import child_handlers
from tests.worker.waiting import until, working


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> ChildStarts:
    """Those of a machine with one core, where two may start."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    return ChildStarts()


def test_so_many_start_at_once_and_the_next_when_one_has_started(starts: ChildStarts) -> None:
    """Who has started may run on, with its turn given back; the end of the block gives it back, too, and only once."""
    with starts.turn() as first, starts.turn() as second, starts.turn() as third:
        assert first.take(lambda: False)
        assert second.take(lambda: False)
        looks = iter([False, True])
        assert not third.take(lambda: next(looks))
        first.give_back()
        assert third.take(lambda: False)
    with starts.turn() as first, starts.turn() as second, starts.turn() as third:
        assert first.take(lambda: False)
        assert second.take(lambda: False)
        looks = iter([False, True])
        assert not third.take(lambda: next(looks))


def test_who_is_ended_already_takes_no_turn(starts: ChildStarts) -> None:
    """And needs none."""
    with starts.turn() as turn:
        assert not turn.take(lambda: True)


def test_suspects_start_some_at_a_time_and_run_all_at_once(queue: TaskQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after the death of a worker that ran many."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    starting: set[ChildProcess] = set()
    most = 0
    lock = threading.Lock()
    make, run = ChildProcess.__init__, ChildProcess.run

    def counted(child: ChildProcess, *args: object) -> None:
        nonlocal most
        with lock:
            starting.add(child)
            most = max(most, len(starting))
        make(child, *args)

    def begun(child: ChildProcess, *args: object, on_begin: object) -> object:
        def begin() -> None:
            starting.discard(child)
            on_begin()

        return run(child, *args, on_begin=begin)

    monkeypatch.setattr(ChildProcess, "__init__", counted)
    monkeypatch.setattr(ChildProcess, "run", begun)
    child_handlers.add_all(queue)
    handles = [queue.enqueue("sleep", {"seconds": 3600}, retry=RetryPolicy()) for _ in range(6)]
    queue.database.execute("UPDATE task_queue SET suspect = 1")
    engine = WorkerEngine(queue, concurrency=6, grace_seconds=0)
    with working(engine):
        until(lambda: all(handle.get().progress_message for handle in handles))
        engine.stop()
    assert most == 2
    assert [handle.status() for handle in handles] == ["queued"] * 6
