"""Running everything that is due, in this thread: for scripts and tests."""

import asyncio
import sys
import threading
from contextvars import ContextVar

import pytest

from musterq.errors import TaskFailedError
from musterq.queue.task_queue import TaskQueue
from musterq.queue.tasks import TaskDefinition
from tests.support import MovableClock


@pytest.fixture
def countdown(queue: TaskQueue):
    """A task that enqueues the next one."""

    @queue.task(type="countdown")
    def countdown(n: int) -> None:
        if n:
            countdown.enqueue(n - 1)

    return countdown


def test_drain_runs_until_nothing_is_left(queue: TaskQueue, countdown: TaskDefinition[[int], None]):
    """What tasks enqueue is followed; the number of attempts is returned."""
    countdown.enqueue(3)
    assert queue.drain() == 4
    assert {task.status for task in queue.find()} == {"completed"}


def test_drain_stops_at_its_limit(queue: TaskQueue, countdown: TaskDefinition[[int], None]):
    """And leaves the rest in the queue, untouched."""
    countdown.enqueue(3)
    assert queue.drain(limit=2) == 2
    assert [task.status for task in queue.find()] == ["queued", "completed", "completed"]


def test_drain_leaves_what_has_no_handler_here(queue: TaskQueue, countdown: TaskDefinition[[int], None]):
    """Another program may have it."""
    foreign = queue.enqueue("report")
    countdown.enqueue(0)
    assert queue.drain() == 1
    assert foreign.status() == "queued"


def test_drain_can_be_told_the_types(queue: TaskQueue, countdown: TaskDefinition[[int], None]):
    """One that has no handler here is a mistake."""
    queue.task(type="other")(lambda: None).enqueue()
    countdown.enqueue(0)
    assert queue.drain(types=["other"]) == 1
    with pytest.raises(ValueError, match="no handler of 'report' is defined here; there are: 'countdown', 'other'"):
        queue.drain(types=["report"])


def test_drain_without_handlers_runs_nothing(queue: TaskQueue):
    """There is nothing it could run."""
    queue.enqueue("report")
    assert queue.drain() == 0


def test_drain_leaves_what_asks_for_more_than_it_can(queue: TaskQueue):
    """Its capabilities are those that it is given."""
    train = queue.task(type="train", compatibility={"gpu": True})(lambda: None)
    handle = train.enqueue()
    assert (queue.drain(), handle.status()) == (0, "queued")
    assert (queue.drain(capabilities={"gpu": True}), handle.status()) == (1, "completed")


def test_drain_leaves_no_worker_behind(queue: TaskQueue, countdown: TaskDefinition[[int], None]):
    """It is registered while it runs, unless it works under a name that it was given."""
    countdown.enqueue(0)
    queue.drain()
    assert queue.storage.workers() == []
    queue.drain(worker_id="script")
    assert [worker.worker_id for worker in queue.storage.workers()] == ["script"]


def test_drain_runs_coroutines(queue: TaskQueue):
    """An ``async def`` is run to its end."""

    @queue.task
    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    handle = double.enqueue(21)
    queue.drain()
    assert handle.wait() == 42


def test_drain_runs_coroutines_even_where_a_loop_runs(queue: TaskQueue):
    """They get a loop of their own, beside the caller's."""

    @queue.task
    async def double(n: int) -> int:
        return 2 * n

    async def program() -> int:
        handle = double.enqueue(21)
        queue.drain()
        return handle.wait()

    assert asyncio.run(program()) == 42


def test_a_coroutine_that_takes_too_long_is_stopped(queue: TaskQueue):
    """``timeout`` ends the attempt with an error, as any other."""

    @queue.task(timeout=0.01, max_attempts=1)
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    handle = wait_for_ever.enqueue()
    queue.drain()
    with pytest.raises(TaskFailedError, match=r"TaskTimeout: not finished within its time limit of 0.01 s"):
        handle.wait()


def test_a_handler_gets_a_context_of_its_own(queue: TaskQueue):
    """What it sets there is gone with it."""
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
    seen = []

    @queue.task
    def serve(name: str) -> None:
        seen.append(tenant.get())
        tenant.set(name)

    serve.enqueue("first")
    serve.enqueue("second")
    queue.drain()
    assert seen == ["nobody", "nobody"]


def test_an_exit_ends_the_drain_and_gives_the_task_back(queue: TaskQueue):
    """Ctrl-C and SystemExit are the program's own affair: the attempt does not count."""

    @queue.task
    def leave() -> None:
        sys.exit(3)

    handle = leave.enqueue()
    with pytest.raises(SystemExit):
        queue.drain()
    assert (handle.status(), handle.get().attempts) == ("queued", 0)


def test_in_another_thread_an_exit_is_an_error_of_the_handler(queue: TaskQueue):
    """No signal arrives there, so it cannot be the program's; a task that always did so would run for ever."""

    @queue.task
    def leave() -> None:
        sys.exit(3)

    handle = leave.enqueue()
    thread = threading.Thread(target=queue.drain)
    thread.start()
    thread.join()
    assert (handle.status(), handle.get().error_message) == ("scheduled", "SystemExit: 3")


def test_what_has_expired_does_not_end_a_drain(queue: TaskQueue, clock: MovableClock):
    """However many tasks fail because they were not started in time, what stands behind them is run."""

    @queue.task()
    def one() -> int:
        return 1

    queue.enqueue_many([{"type": "one", "expires_in": 1}] * 250)
    clock.advance(2)
    handle = one.enqueue()
    assert (queue.drain(), handle.wait(0)) == (1, 1)
