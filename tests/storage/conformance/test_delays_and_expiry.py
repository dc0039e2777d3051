"""Tasks for later, and tasks that are worth nothing too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from musterq.clock import datetime_to_text
from musterq.models import NewTask, SchedulingStrategy, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, status, take, take_one, taken
from tests.support import MovableClock


def after(clock: MovableClock, seconds: float) -> dict:
    return {"run_after": clock.now() + timedelta(seconds=seconds)}


def test_a_due_task_is_claimed_by_the_next_claim(storage: Storage, clock: MovableClock):
    task_id = put(storage, **after(clock, 30))
    clock.advance(29.999)
    assert take(storage) == []
    clock.advance(0.001)
    assert taken(take(storage)) == [task_id]


def test_promote_moves_what_is_due(storage: Storage, clock: MovableClock):
    due = [put(storage, **after(clock, seconds)) for seconds in (10, 20)]
    later = put(storage, **after(clock, 30))
    assert storage.promote(10) == 0
    clock.advance(20)
    assert storage.promote(10) == 2
    assert [status(storage, task_id) for task_id in (*due, later)] == ["queued", "queued", "scheduled"]


def test_promote_takes_the_longest_due_first_up_to_its_limit(storage: Storage, clock: MovableClock):
    late, early = put(storage, **after(clock, 20)), put(storage, **after(clock, 10))
    clock.advance(30)
    assert storage.promote(1) == 1
    assert (status(storage, early), status(storage, late)) == ("queued", "scheduled")


def test_a_claim_promotes_at_most_a_hundred(storage: Storage, clock: MovableClock):
    """The scheduler moves the others."""
    run_after = clock.now() + timedelta(seconds=1)
    storage.enqueue([NewTask(type="mail", payload="{}", run_after=run_after) for _ in range(150)])
    clock.advance(2)
    assert len(take(storage, limit=500)) == 100
    assert storage.promote(500) == 50


def test_a_delayed_task_keeps_its_place_by_id(storage: Storage, clock: MovableClock):
    first = put(storage, **after(clock, 10))
    second = put(storage)
    clock.advance(10)
    assert taken(take(storage, strategy=SchedulingStrategy.FIFO, limit=2)) == [first, second]


def test_the_next_due_time_is_known(storage: Storage, clock: MovableClock):
    assert storage.seconds_to_next_due() is None
    put(storage)
    assert storage.seconds_to_next_due() is None
    put(storage, **after(clock, 30))
    put(storage, **after(clock, 10))
    assert storage.seconds_to_next_due() == 10
    clock.advance(25)
    assert storage.seconds_to_next_due() == 0
    storage.promote(10)
    assert storage.seconds_to_next_due() == 5


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_an_expired_task_fails_instead_of_being_claimed(
    storage: Storage, clock: MovableClock, strategy: SchedulingStrategy
):
    """It was never started, so no attempt is counted."""
    expired = put(storage, expires_at=clock.now() + timedelta(seconds=5))
    alive = put(storage)
    clock.advance(6)
    assert taken(take(storage, strategy=strategy, limit=5)) == [alive]
    task = storage.get(expired)
    assert task is not None
    assert (task.status, task.attempts, task.locked_by, task.finished_at_utc) == ("failed", 0, None, clock.now())
    assert "expired" in (task.error_message or "")


def test_a_claim_finds_what_stands_behind_many_expired_tasks(storage: Storage, clock: MovableClock):
    """However many have to fail first."""
    soon = clock.now() + timedelta(seconds=5)
    storage.enqueue([NewTask(type="mail", payload="{}", expires_at=soon) for _ in range(150)])
    sound = put(storage)
    clock.advance(5)
    assert taken(take(storage)) == [sound]
    assert storage.metrics().depth_by_status == {"failed": 150, "processing": 1}


def test_expired_tasks_do_not_use_up_a_claims_limit(storage: Storage, clock: MovableClock):
    for _ in range(5):
        put(storage, priority=1, expires_at=clock.now() + timedelta(seconds=5))
    alive = put(storage)
    clock.advance(6)
    assert taken(take(storage, limit=1)) == [alive]


def test_a_task_in_time_is_claimed(storage: Storage, clock: MovableClock):
    """What has started may finish after it would have expired."""
    task_id = put(storage, expires_at=clock.now() + timedelta(seconds=5))
    clock.advance(4.999)
    claim = take_one(storage)
    clock.advance(10)
    assert end(storage, claim, TaskStatus.COMPLETED)
    assert status(storage, task_id) == "completed"


def test_a_clock_set_back_makes_nothing_due(storage: Storage, clock: MovableClock):
    task_id = put(storage, **after(clock, 30))
    clock.set_wall_clock(-3600)
    assert (storage.promote(10), take(storage)) == (0, [])
    clock.set_wall_clock(3630)
    assert taken(take(storage)) == [task_id]


# -- what nobody claims ------------------------------------------------------------------------
def test_the_sweep_fails_what_nobody_started(storage: Storage, clock: MovableClock):
    """With no worker at all, and the same words as a claim has."""
    expires = clock.now() + timedelta(seconds=5)
    expired, alive = put(storage, expires_at=expires), put(storage)
    clock.advance(4.999)
    assert storage.expire(10) == 0
    clock.advance(0.001)
    assert storage.expire(10) == 1
    task = storage.get(expired)
    assert task is not None
    assert (task.status, task.attempts, task.finished_at_utc) == ("failed", 0, clock.now())
    assert task.error_message == f"expired: it was not started by {datetime_to_text(expires)} UTC"
    assert status(storage, alive) == "queued"


def test_the_sweep_takes_the_longest_expired_up_to_its_limit(storage: Storage, clock: MovableClock):
    """The rest follows."""
    late, early = (put(storage, expires_at=clock.now() + timedelta(seconds=seconds)) for seconds in (9, 5))
    clock.advance(10)
    assert storage.expire(1) == 1
    assert (status(storage, early), status(storage, late)) == ("failed", "queued")
    assert (storage.expire(5), storage.expire(5)) == (1, 0)


def test_the_sweep_reaches_paused_types(storage: Storage, clock: MovableClock):
    """Which no claim looks at."""
    task_id = put(storage, expires_at=clock.now() + timedelta(seconds=5))
    storage.pause("mail")
    clock.advance(5)
    assert storage.expire(10) == 1
    assert status(storage, task_id) == "failed"


def started_once(storage: Storage, clock: MovableClock, **end_with: Any) -> int:
    """A task that expires in five seconds and has come back from its first start."""
    task_id = put(storage, expires_at=clock.now() + timedelta(seconds=5))
    if end_with:
        end(storage, take_one(storage), **end_with)
    else:
        take(storage, lease_seconds=0)
        storage.rescue_expired()
    clock.advance(6)
    storage.promote(10)
    return task_id


@pytest.mark.parametrize("end_with", [{"status": TaskStatus.SCHEDULED, "error": "no", "retry_in_seconds": 1.0}, {}])
def test_what_was_started_once_expires_no_more(storage: Storage, clock: MovableClock, end_with: dict[str, Any]):
    """Neither in the sweep nor in a claim, whether it failed or its worker died: what counts is the first start."""
    task_id = started_once(storage, clock, **end_with)
    assert status(storage, task_id) == "queued"
    assert storage.expire(10) == 0
    assert taken(take(storage)) == [task_id]


def test_what_was_given_back_unstarted_expires(storage: Storage, clock: MovableClock):
    """It has not been started."""
    task_id = started_once(storage, clock, status=TaskStatus.QUEUED)
    assert take(storage) == []
    assert status(storage, task_id) == "failed"


def test_how_long_something_has_been_due(storage: Storage, clock: MovableClock):
    """Of the scheduled task that is due longest; one that is queued, or not due yet, is not overdue."""
    assert storage.overdue_seconds() is None
    for seconds in (60, 30):
        put(storage, run_after=clock.now() + timedelta(seconds=seconds))
    clock.advance(29)
    assert storage.overdue_seconds() is None
    clock.advance(41)
    assert storage.overdue_seconds() == 40
    storage.promote(1)
    assert storage.overdue_seconds() == 10
    storage.promote(1)
    assert storage.overdue_seconds() is None
