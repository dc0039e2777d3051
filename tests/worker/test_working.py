"""A worker at work on a real file."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.errors import Cancel, PermanentError, Retry
from musterq.models import NewTask, RetryPolicy, SchedulingStrategy
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.support import MovableClock
from tests.worker.waiting import LIMIT, Record, until, working

AT_ONCE = RetryPolicy(initial_seconds=0.0, jitter=0.0)


def drain(queue: TaskQueue, **options: Any) -> None:
    """Have a worker do all that is to be done, here and now."""
    WorkerEngine(queue, burst=True, **options).run()


def test_tasks_are_run_with_their_arguments_and_their_results_kept(queue: TaskQueue) -> None:
    """What was enqueued before the worker came, and what comes while it works."""

    @queue.task()
    def add(a: int, b: int = 1) -> int:
        return a + b

    before = add.enqueue(1, b=2)
    with working(WorkerEngine(queue)):
        after = add.enqueue(5)
        assert (before.wait(LIMIT), after.wait(LIMIT)) == (3, 6)


def test_a_thousand_tasks_are_run_once_each(queue: TaskQueue) -> None:
    """With claims ahead of the threads, and outcomes that gather."""
    ran: Counter[int] = Counter()

    @queue.task()
    def note(number: int) -> None:
        ran[number] += 1  # each number is counted by whoever holds its task, so by one thread

    queue.enqueue_many([{"type": "note", "payload": {"number": number}} for number in range(1000)])
    drain(queue)
    assert ran == Counter(range(1000))
    assert queue.database.storage.metrics().depth_by_status == {"completed": 1000}


def test_an_async_handler_is_awaited(queue: TaskQueue) -> None:
    """In the thread that its task has."""

    @queue.task()
    async def fetch(name: str) -> str:
        return name.upper()

    handle = fetch.enqueue("a")
    drain(queue)
    assert handle.wait(0) == "A"


def test_a_handler_that_fails_is_retried_until_it_succeeds(queue: TaskQueue, record: Record) -> None:
    """Its policy says when; each failure is told."""

    @queue.task(retry=AT_ONCE)
    def flaky() -> int:
        if current_task().attempt < 3:
            raise OSError("the network is down")
        return current_task().attempt

    handle = flaky.enqueue()
    drain(queue)
    assert handle.wait(0) == 3
    assert [facts["error"] for facts in record.named("task.retried")] == ["OSError: the network is down"] * 2
    assert [facts["attempt"] for facts in record.named("task.completed")] == [3]


def test_a_handler_that_fails_every_time_ends_as_failed(queue: TaskQueue, record: Record) -> None:
    """After its attempts, with its last error; the worker goes on."""

    @queue.task(max_attempts=2, retry=AT_ONCE)
    def broken() -> None:
        raise ValueError("never")

    handle = broken.enqueue()
    drain(queue)
    task = handle.get()
    assert (task.status, task.attempts, task.error_message) == ("failed", 2, "ValueError: never")
    assert len(record.named("task.failed")) == 1


@pytest.mark.parametrize(
    ("signal", "status", "event"),
    [
        (PermanentError("no such file"), "failed", "task.failed"),
        (Cancel("not needed"), "cancelled", "task.cancelled"),
        (Retry("later", in_=3600), "scheduled", "task.retried"),
        (SystemExit(3), "scheduled", "task.retried"),
    ],
)
def test_what_a_handler_raises_says_where_its_task_goes(
    queue: TaskQueue, record: Record, signal: BaseException, status: str, event: str
) -> None:
    """Signals of the handler, and an exit that would be the thread's; the worker does the next task."""

    @queue.task(retry=RetryPolicy(initial_seconds=300.0))
    def speak() -> None:
        raise signal

    @queue.task()
    def calm() -> int:
        return 1

    handle, next_one = speak.enqueue(), calm.enqueue()
    drain(queue, concurrency=1)
    assert (handle.status(), next_one.wait(0)) == (status, 1)
    assert len(record.named(event)) == 1


def test_a_payload_that_does_not_fit_fails_its_task_alone(queue: TaskQueue) -> None:
    """Plain SQL put in what the handler cannot be called with, and what is no JSON."""

    @queue.task()
    def add(a: int) -> int:
        return a

    queue.database.initialize_schema()
    for payload in ('{"b": 1}', "{"):
        queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('add', ?)", (payload,))
    good = add.enqueue(1)
    drain(queue)
    assert good.wait(0) == 1
    assert len(queue.find(status="failed")) == 2


def test_tasks_are_begun_in_the_order_of_the_strategy(queue: TaskQueue) -> None:
    """Last in, first out, by one thread."""
    order: list[int] = []

    @queue.task()
    def note(number: int) -> None:
        order.append(number)

    queue.enqueue_many([{"type": "note", "payload": {"number": number}} for number in range(5)])
    drain(queue, concurrency=1, prefetch=0, strategy=SchedulingStrategy.LIFO)
    assert order == [4, 3, 2, 1, 0]


def test_only_the_types_that_were_asked_for_are_taken(queue: TaskQueue) -> None:
    """The others wait for another worker, and so do types without a handler."""

    @queue.task()
    def mail() -> None: ...

    @queue.task()
    def fax() -> None: ...

    handles = [mail.enqueue(), fax.enqueue(), queue.enqueue("telex", {})]
    drain(queue, types=["mail"])
    assert [handle.status() for handle in handles] == ["completed", "queued", "queued"]


def test_only_tasks_that_the_capabilities_satisfy_are_taken(queue: TaskQueue) -> None:
    """What needs a GPU waits for a worker that has one."""

    @queue.task()
    def draw() -> None: ...

    plain = draw.enqueue()
    demanding = draw.options(compatibility={"gpu": True}).enqueue()
    drain(queue, capabilities={"gpu": False})
    assert (plain.status(), demanding.status()) == ("completed", "queued")
    drain(queue, capabilities={"gpu": True})
    assert demanding.status() == "completed"


def test_as_many_tasks_run_at_once_as_the_concurrency_says(queue: TaskQueue) -> None:
    """They meet in the middle; a fourth would find no thread."""
    together = threading.Barrier(3)

    @queue.task()
    def meet() -> int:
        return together.wait(LIMIT)

    for _ in range(3):
        meet.enqueue()
    drain(queue, concurrency=3)
    assert queue.database.storage.metrics().depth_by_status == {"completed": 3}


def test_a_running_task_that_is_cancelled_can_obey(queue: TaskQueue) -> None:
    """Its handler asks, and ends itself."""
    pause = threading.Event()

    @queue.task()
    def patient() -> None:
        current_task().progress(0.1)
        while not current_task().cancel_requested:
            pause.wait(0.005)
        raise Cancel

    handle = patient.enqueue()
    with working(WorkerEngine(queue)):
        until(lambda: handle.get().progress)
        assert queue.cancel(handle.id)
        until(lambda: handle.status() == "cancelled")


def test_a_scheduled_task_runs_when_it_is_due(queue: TaskQueue) -> None:
    """The worker's sleep ends then, though nothing else happens in the queue."""

    @queue.task()
    def late() -> int:
        return 1

    with working(WorkerEngine(queue)):
        assert late.options(delay=0.2).enqueue().wait(LIMIT) == 1


def test_a_burst_does_not_wait_for_what_is_due_later(queue: TaskQueue) -> None:
    """Neither for a delayed task nor for a retry."""

    @queue.task()
    def late() -> None: ...

    @queue.task(retry=RetryPolicy(initial_seconds=300.0))
    def broken() -> None:
        raise OSError

    handles = [late.options(delay=3600).enqueue(), broken.enqueue()]
    drain(queue)
    assert [handle.status() for handle in handles] == ["scheduled", "scheduled"]


def test_a_burst_does_all_that_has_come_due(tmp_path: Path) -> None:
    """Also what came due after thousands of tasks that are for other workers: a claim promotes only some of them."""
    clock = MovableClock()
    with QueueDatabase(tmp_path / "queue.db", clock=clock) as database:
        queue = TaskQueue(database)

        @queue.task()
        def late() -> None: ...

        queue.enqueue_many([{"type": "telex", "payload": {}, "delay": 60} for _ in range(3000)])
        queue.enqueue_many([{"type": "late", "payload": {}, "delay": 61} for _ in range(300)])
        clock.advance(61)
        drain(queue)
        assert queue.storage.task_counts() == {("telex", "queued"): 3000, ("late", "completed"): 300}


def test_tasks_that_tasks_enqueue_belong_to_the_burst(queue: TaskQueue) -> None:
    """It ends when nothing is left, not when what was there at first is done."""

    @queue.task()
    def count_down(number: int) -> None:
        if number:
            count_down.enqueue(number - 1)

    count_down.enqueue(20)
    drain(queue)
    assert queue.database.storage.metrics().depth_by_status == {"completed": 21}


def put_expired(queue: TaskQueue, count: int) -> None:
    expired = NewTask(type="one", payload="{}", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    queue.storage.enqueue([expired] * count)


def test_a_worker_does_not_sleep_over_tasks_that_have_expired(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each claim fails some, and its own commit wakes the worker for the next."""
    monkeypatch.setattr("musterq.worker.claimer.LOOK_SECONDS", LIMIT)

    @queue.task()
    def one() -> int:
        return 1

    put_expired(queue, 5000)
    with working(WorkerEngine(queue, concurrency=1)):
        assert one.enqueue().wait(LIMIT) == 1


def test_a_burst_outlasts_tasks_that_have_expired(queue: TaskQueue) -> None:
    """A claim fails only so many of them: what stands behind them is done all the same."""

    @queue.task()
    def one() -> int:
        return 1

    put_expired(queue, 1000)
    handle = one.enqueue()
    WorkerEngine(queue, burst=True, concurrency=1).run()
    assert handle.status() == "completed"
    assert queue.storage.metrics().depth_by_status == {"failed": 1000, "completed": 1}
