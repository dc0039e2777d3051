"""Immediate mode: enqueueing runs the task at once, for tests of an application."""

import pytest

from musterq.errors import TaskFailedError
from musterq.queue.task_queue import TaskQueue


def test_within_the_block_a_task_has_run_when_enqueue_returns(queue: TaskQueue):
    """It went through the database all the same, and outside of the block it waits as ever."""

    @queue.task
    def double(n: int) -> int:
        return 2 * n

    with queue.immediate():
        handle = double.enqueue(21)
    assert handle.wait(0) == 42
    assert (handle.get().attempts, handle.get().type) == (1, "double")
    assert double.enqueue(1).status() == "queued"


def test_every_way_to_enqueue_runs_the_task(queue: TaskQueue):
    """By options, by name, and in batches."""

    @queue.task
    def double(n: int) -> int:
        return 2 * n

    with queue.immediate():
        handles = [
            double.options(priority=1).enqueue(1),
            queue.enqueue("double", {"n": 2}),
            *queue.enqueue_many([{"type": "double", "payload": {"n": 3}}, {"type": "double", "payload": {"n": 4}}]),
        ]
    assert [handle.wait(0) for handle in handles] == [2, 4, 6, 8]


def test_an_error_is_the_tasks_not_the_callers(queue: TaskQueue):
    """Enqueueing does not raise it: the handle has it."""

    @queue.task(max_attempts=1)
    def fail() -> None:
        raise ValueError("bad luck")

    with queue.immediate():
        handle = fail.enqueue()
    with pytest.raises(TaskFailedError, match="ValueError: bad luck"):
        handle.wait(0)


def test_retries_and_delays_are_not_waited_for(queue: TaskQueue):
    """They are scheduled, as with a worker."""

    @queue.task
    def fail() -> None:
        raise ValueError("bad luck")

    with queue.immediate():
        failed, delayed = fail.enqueue(), fail.options(delay=60).enqueue()
    assert (failed.status(), failed.get().attempts) == ("scheduled", 1)
    assert (delayed.status(), delayed.get().attempts) == ("scheduled", 0)


def test_what_a_task_enqueues_runs_at_once_too(queue: TaskQueue):
    """Before its own handler goes on."""
    events = []

    @queue.task
    def inner() -> None:
        events.append("inner")

    @queue.task
    def outer() -> None:
        events.append("outer begins")
        inner.enqueue()
        events.append("outer ends")

    with queue.immediate():
        outer.enqueue()
    assert events == ["outer begins", "inner", "outer ends"]


@pytest.mark.parametrize(
    "compatibility",
    [
        {"gpu": True},
        {"memory": {"min": 64}, "cpu": {"max": 2}},
        {"tags": {"all": ["a", "b"]}, "region": ["eu", "us"]},
        {"gpu": {"not": True}, "os": {"exists": True}, "old": {"exists": False}},
    ],
    ids=repr,
)
def test_whatever_a_task_asks_for_this_worker_has_it(queue: TaskQueue, compatibility: dict[str, object]):
    """The machine of a test has no GPU to show."""

    @queue.task(compatibility=compatibility)
    def train() -> str:
        return "trained"

    with queue.immediate():
        assert train.enqueue().wait(0) == "trained"


def test_tasks_without_a_handler_here_stay_in_the_queue(queue: TaskQueue):
    """Nobody here could run them."""
    with queue.immediate():
        assert queue.enqueue("report").status() == "queued"


def test_blocks_may_be_nested_and_leave_no_worker_behind(queue: TaskQueue):
    """The outermost counts."""

    @queue.task
    def work() -> str:
        return "done"

    with queue.immediate():
        with queue.immediate():
            work.enqueue()
        assert work.enqueue().wait(0) == "done"
    assert queue.storage.workers() == []
