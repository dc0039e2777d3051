"""Waiting for a task, and what it returned."""

import threading
from collections.abc import Callable

import pytest

from musterq.errors import TaskFailedError, TaskNotFoundError, WaitTimeoutError
from musterq.queue.task_queue import TaskQueue
from musterq.storage.base import Waiter


def test_a_handle_gives_the_result(queue: TaskQueue):
    """As JSON keeps it: a tuple comes back as a list."""

    @queue.task(type="measure")
    def measure(path: str) -> dict[str, object]:
        return {"path": path, "size": (640, 480)}

    handle = measure.enqueue("a.png")
    queue.drain()
    assert handle.wait() == {"path": "a.png", "size": [640, 480]}


def test_a_handler_that_returns_nothing_gives_none(queue: TaskQueue):
    """The task is completed all the same."""

    @queue.task
    def work() -> None: ...

    handle = work.enqueue()
    queue.drain()
    assert handle.wait() is None
    assert handle.status() == "completed"


@pytest.fixture
def when_asleep(queue: TaskQueue, monkeypatch: pytest.MonkeyPatch):
    """Does something in another thread as soon as somebody has begun to wait."""
    asleep = threading.Event()
    waiter = queue.storage.waiter

    def announced() -> Waiter:
        asleep.set()
        return waiter()

    def start(work: Callable[[], object]) -> None:
        def work_then() -> None:
            if asleep.wait(30):
                work()

        threads.append(threading.Thread(target=work_then))
        threads[-1].start()

    threads: list[threading.Thread] = []
    monkeypatch.setattr(queue.storage, "waiter", announced)
    yield start
    for thread in threads:
        thread.join()


def test_waiting_ends_when_the_task_does(queue: TaskQueue, when_asleep: Callable[[Callable[[], object]], None]):
    """Whoever waits is woken by what another thread does."""
    handle = queue.enqueue("report")
    (claim,) = queue.claim("worker-01")
    when_asleep(lambda: queue.complete(claim, result=42))
    assert handle.wait(timeout=30) == 42


def test_waiting_ends_with_the_tasks_error(queue: TaskQueue, when_asleep: Callable[[Callable[[], object]], None]):
    """Its message is in the exception."""
    handle = queue.enqueue("report")
    (claim,) = queue.claim("worker-01")
    when_asleep(lambda: queue.fail(claim, "no such year", retry=False))
    with pytest.raises(TaskFailedError, match="no such year"):
        handle.wait(timeout=30)


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_waiting_is_over_when_the_time_is(queue: TaskQueue, timeout: float):
    """The task goes on; the error is a TimeoutError, too."""
    handle = queue.enqueue("report")
    with pytest.raises(WaitTimeoutError, match="it goes on") as caught:
        handle.wait(timeout)
    assert isinstance(caught.value, TimeoutError)
    assert handle.status() == "queued"


def test_a_task_that_is_not_there_cannot_be_waited_for(queue: TaskQueue):
    """Nor can it be looked at; `queue.get` says None instead."""
    handle = queue.handle(12345)
    for look in (handle.wait, handle.get, handle.status):
        with pytest.raises(TaskNotFoundError, match="there is no task 12345"):
            look()
    assert queue.get(12345) is None
