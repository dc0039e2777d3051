"""Everything is run to its end, retries and delays included, in no time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from musterq import Cancel, Retry, TaskQueue
from musterq.testing import FrozenClock, drain, enqueued


def test_what_is_due_is_run(queue: TaskQueue, shop: SimpleNamespace):
    """And what is not is left."""
    shop.mail.enqueue("ann")
    shop.mail.options(delay=60).enqueue("bob")
    assert drain(queue) == 1
    assert [task.status for task in enqueued(queue)] == ["completed", "scheduled"]


def test_with_the_clock_all_is_run(queue: TaskQueue, shop: SimpleNamespace, frozen: FrozenClock):
    """It is moved to whatever comes next, and no further."""
    before = frozen.time()
    for delay in (3600, 60, 0):
        shop.mail.options(delay=delay).enqueue("ann")
    assert drain(queue, advance=frozen) == 3
    assert 3600 <= frozen.time() - before < 3601
    assert {task.status for task in enqueued(queue)} == {"completed"}


def test_retries_are_run_to_the_last_attempt(queue: TaskQueue, shop: SimpleNamespace, frozen: FrozenClock):
    """As often as the task may."""
    shop.mail.enqueue("nobody")
    assert drain(queue, advance=frozen) == 3
    assert [task.status for task in enqueued(queue)] == ["failed"]


def test_an_error_of_a_handler_can_be_an_error_of_the_test(queue: TaskQueue, shop: SimpleNamespace):
    """With its traceback, also where the task would run again."""
    id = shop.mail.enqueue("nobody").id
    with pytest.raises(AssertionError) as caught:
        drain(queue, raises=True)
    said = str(caught.value)
    assert said.startswith(f"task {id} (mail), attempt 1: ValueError: there is no such person\nTraceback")
    assert 'raise ValueError("there is no such person")' in said


def test_what_a_handler_asks_for_is_no_error(queue: TaskQueue, frozen: FrozenClock):
    """`Retry` and `Cancel` are words of its own."""

    @queue.task
    def patient(first: bool = True) -> None:  # noqa: FBT001, FBT002
        if first and enqueued(queue, "patient")[0].attempts == 1:
            raise Retry("not yet")

    @queue.task
    def gone() -> None:
        raise Cancel

    patient.enqueue()
    gone.enqueue()
    assert drain(queue, advance=frozen, raises=True) == 3
    assert [task.status for task in enqueued(queue)] == ["completed", "cancelled"]


def test_a_payload_that_does_not_fit_is_an_error_too(queue: TaskQueue):
    """It has no traceback."""
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{\"from\": \"ann\"}')")
    with pytest.raises(AssertionError, match="the payload does not fit the handler"):
        drain(queue, raises=True)


def test_a_task_that_enqueues_itself_comes_to_an_end(queue: TaskQueue, frozen: FrozenClock):
    """With a message that says why."""

    @queue.task
    def again() -> None:
        again.enqueue()

    again.enqueue()
    with pytest.raises(AssertionError, match="after 20 attempts 1 tasks are still to be run; does a task enqueue"):
        drain(queue, limit=20)

    @queue.task
    def later() -> None:
        later.options(delay=5).enqueue()

    later.enqueue()
    with pytest.raises(AssertionError, match="after 20 attempts"):
        drain(queue, limit=20, types=["later"], advance=frozen)


def test_exactly_as_many_as_the_limit_is_no_error(queue: TaskQueue, shop: SimpleNamespace):
    """When nothing is left."""
    shop.mail.enqueue("ann")
    assert drain(queue, limit=1) == 1


def test_tasks_that_nobody_here_handles_are_left(queue: TaskQueue, frozen: FrozenClock):
    """Also when they are due later, or paused."""
    queue.enqueue("elsewhere", delay=60)
    queue.pause("mail")
    queue.enqueue("mail", {"to": "ann"}, delay=30)
    assert drain(queue, advance=frozen) == 0
    assert {task.status for task in enqueued(queue)} == {"queued"}


def test_another_clock_than_the_queues_is_refused(queue: TaskQueue):
    """It would be moved for nothing."""
    with pytest.raises(ValueError, match="another clock"):
        drain(queue, advance=FrozenClock())
