"""Workers keep to limits, and wake for the next token."""

from __future__ import annotations

import threading
import time

import pytest

from musterq.queue.task_queue import TaskQueue
from musterq.records import TypeLimit
from musterq.worker import WorkerEngine
from tests.worker.waiting import LIMIT, until, working


def test_a_worker_writes_the_limits_of_its_handlers(queue: TaskQueue) -> None:
    """Only of those types that it takes; a limit that somebody gave a type without one in the code stays."""
    queue.task(type="mail", limit=2, rate="10/s")(lambda: None)
    queue.task(type="video", limit=3)(lambda: None)
    queue.task(type="audio")(lambda: None)
    queue.set_limit("mail", 9)
    queue.set_limit("audio", 7)
    WorkerEngine(queue, burst=True, types=["mail", "audio"]).run()
    assert queue.limits() == {
        "audio": TypeLimit(max_running=7),
        "mail": TypeLimit(max_running=2, rate_count=10, rate_seconds=1.0),
    }


def test_two_workers_together_run_no_more_than_the_limit(queue: TaskQueue) -> None:
    """Though each has more threads than that, and claims ahead."""
    lock = threading.Lock()
    running = most = 0
    everybody = threading.Barrier(3)

    @queue.task(limit=3)
    def work(number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number < 3:
            everybody.wait(LIMIT)  # the limit is reached
        with lock:
            running -= 1

    handles = [work.enqueue(number) for number in range(200)]
    with working(WorkerEngine(queue)), working(WorkerEngine(queue)):
        for handle in handles:
            handle.wait(LIMIT)
    assert most == 3


def test_tasks_of_one_key_run_one_after_the_other(queue: TaskQueue) -> None:
    busy: dict[str, bool] = {}

    @queue.task(concurrency_key="{user}")
    def work(user: str) -> None:
        assert not busy.get(user)
        busy[user] = True
        time.sleep(0.001)
        busy[user] = False

    handles = [work.enqueue(user) for _ in range(20) for user in ("ada", "bob", "eve")]
    with working(WorkerEngine(queue)), working(WorkerEngine(queue)):
        for handle in handles:
            handle.wait(LIMIT)


def test_a_worker_wakes_for_the_next_token(queue: TaskQueue) -> None:
    """At 20 a second with one token in the bucket, starts are 50 ms apart, not the second of its look-around."""
    starts: list[float] = []

    @queue.task(rate=(1, 0.05))
    def work() -> None:
        starts.append(time.monotonic())

    handles = [work.enqueue() for _ in range(11)]
    with working(WorkerEngine(queue)):
        for handle in handles:
            handle.wait(LIMIT)
    assert 0.49 <= starts[-1] - starts[0] < 5


def test_a_worker_lets_nothing_wait_longer(queue: TaskQueue) -> None:
    """One thread, and always something more urgent to do."""
    urgent: list[int] = []
    done = threading.Event()

    @queue.task()
    def work(number: int) -> None:
        urgent.append(number)
        if not done.is_set():
            work.options(priority=1).enqueue(number + 1)
            work.options(priority=1).enqueue(number + 1)

    @queue.task()
    def late() -> None:
        done.set()

    work.options(priority=1).enqueue(0)
    late.options(priority=1000).enqueue()
    with working(WorkerEngine(queue, concurrency=1, prefetch=0, max_wait=0.3)):
        until(done.is_set)
    assert urgent


def test_max_wait_is_for_priority(queue: TaskQueue) -> None:
    queue.task(type="work")(lambda: None)
    with pytest.raises(ValueError, match="max_wait"):
        WorkerEngine(queue, strategy="fifo", max_wait=5)
