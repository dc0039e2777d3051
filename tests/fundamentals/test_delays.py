"""Tasks that are due later, and tasks that come too late."""

from datetime import UTC, datetime, timedelta

import pytest

from musterq.errors import TaskFailedError
from musterq.queue.task_queue import TaskQueue
from tests.support import MovableClock


@pytest.fixture
def ran(queue: TaskQueue) -> list[str]:
    """The names of the tasks that ran."""
    names: list[str] = []

    @queue.task(type="note")
    def note(name: str) -> None:
        names.append(name)

    return names


def test_a_delayed_task_runs_when_its_time_has_come(queue: TaskQueue, clock: MovableClock, ran: list[str]):
    """Until then it is scheduled, and nobody gets it."""
    handle = queue.enqueue("note", {"name": "later"}, delay=60)
    clock.advance(59)
    assert (queue.drain(), handle.status()) == (0, "scheduled")
    clock.advance(2)
    assert (queue.drain(), handle.status()) == (1, "completed")
    assert ran == ["later"]


def test_a_task_can_be_given_a_time(queue: TaskQueue, clock: MovableClock, ran: list[str]):
    """An aware datetime, in any zone."""
    handle = queue.enqueue("note", {"name": "at"}, run_at=clock.now() + timedelta(hours=1))
    assert handle.get().run_after_utc == clock.now() + timedelta(hours=1)
    clock.advance(3601)
    queue.drain()
    assert ran == ["at"]


def test_a_time_that_has_passed_is_now(queue: TaskQueue, ran: list[str]):
    """It does not wait."""
    queue.enqueue("note", {"name": "overdue"}, run_at=datetime(2020, 1, 1, tzinfo=UTC))
    queue.drain()
    assert ran == ["overdue"]


def test_a_task_that_expired_is_not_run(queue: TaskQueue, clock: MovableClock, ran: list[str]):
    """Whoever comes to it finds it too old: it fails, and says why."""
    handle = queue.enqueue("note", {"name": "stale"}, expires_in=10)
    clock.advance(11)
    queue.drain()
    assert (ran, handle.status()) == ([], "failed")
    with pytest.raises(TaskFailedError, match="expired"):
        handle.wait(0)


def test_each_task_of_a_definition_expires_by_its_own_clock(queue: TaskQueue, clock: MovableClock):
    """``expires_in`` counts from each enqueue, not from the definition; ``expires_at`` says another time."""

    @queue.task(type="quote", expires_in=10)
    def quote() -> None: ...

    clock.advance(100)
    assert quote.enqueue().get().expires_at_utc == clock.now() + timedelta(seconds=10)
    later = clock.now() + timedelta(days=1)
    assert quote.options(expires_at=later).enqueue().get().expires_at_utc == later
