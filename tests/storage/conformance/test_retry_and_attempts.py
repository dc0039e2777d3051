"""Attempts have a budget; a finished task can be tried again by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, status, take, take_one, taken
from tests.support import MovableClock

RETRY = TaskStatus.SCHEDULED


def test_a_failed_attempt_comes_back_after_its_delay(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    assert end(storage, take_one(storage), RETRY, error="disk full", retry_in_seconds=30)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.error_message, task.attempts) == ("scheduled", "disk full", 1)
    assert (task.run_after_utc, task.locked_by) == (clock.now() + timedelta(seconds=30), None)
    clock.advance(29)
    assert take(storage) == []
    clock.advance(1)
    assert [claim.attempts for claim in take(storage)] == [2]


def test_the_last_attempt_fails_the_task(storage: Storage, clock: MovableClock):
    task_id = put(storage, max_attempts=2)
    end(storage, take_one(storage), RETRY, error="one")
    assert status(storage, task_id) == "scheduled"
    end(storage, take_one(storage), RETRY, error="two")
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.error_message, task.attempts, task.finished_at_utc) == ("failed", "two", 2, clock.now())


def test_a_retried_task_keeps_its_place(storage: Storage):
    """It keeps its id, and ties are by id."""
    first, second = put(storage), put(storage)
    end(storage, take_one(storage), RETRY, error="again")
    assert taken(take(storage, limit=2)) == [first, second]


@pytest.mark.parametrize("how", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED])
def test_a_finished_task_can_be_retried_by_hand(storage: Storage, how: TaskStatus):
    """As if it had never been tried."""
    task_id = put(storage)
    claim = take_one(storage)
    storage.progress(claim, 0.5, "half")
    end(storage, claim, how, error="bad", result="1")
    assert storage.retry(task_id)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.attempts, task.crashes, task.error_message, task.result) == ("queued", 0, 0, None, None)
    assert (task.finished_at_utc, task.locked_by, task.progress, task.cancel_requested) == (None, None, None, False)
    assert take_one(storage).attempts == 1


def test_a_retry_by_hand_can_be_for_later(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    end(storage, take_one(storage), TaskStatus.FAILED)
    assert storage.retry(task_id, delay_seconds=30)
    assert status(storage, task_id) == "scheduled"
    clock.advance(30)
    assert taken(take(storage)) == [task_id]


def test_what_is_not_finished_cannot_be_retried(storage: Storage, clock: MovableClock):
    """And what is not there neither; nothing changes."""
    queued = put(storage)
    scheduled = put(storage, run_after=clock.now() + timedelta(seconds=30))
    running = take_one(storage)
    put(storage)
    for task_id in (queued, scheduled, running.task_id):
        before = storage.get(task_id)
        assert not storage.retry(task_id)
        assert storage.get(task_id) == before
    assert not storage.retry(123_456)


def test_crashes_start_again_too(storage: Storage, clock: MovableClock):
    task_id = put(storage, max_crashes=1)
    take_one(storage)
    clock.advance(61)
    assert storage.rescue_expired().failed == (task_id,)
    assert storage.retry(task_id)
    task = storage.get(task_id)
    assert task is not None
    assert task.crashes == 0


def test_an_expired_task_lives_again_when_retried(storage: Storage, clock: MovableClock):
    """Its life is over, but somebody wants it run."""
    task_id = put(storage, expires_at=clock.now() + timedelta(seconds=5))
    clock.advance(6)
    assert take(storage) == []
    assert status(storage, task_id) == "failed"
    storage.retry(task_id)
    assert taken(take(storage)) == [task_id]


def test_a_cancelled_wish_is_forgotten_by_the_next_attempt(storage: Storage):
    task_id = put(storage)
    claim = take_one(storage)
    storage.cancel(task_id)
    release(storage, claim)
    storage.retry(task_id)
    release(storage, take_one(storage))
    assert status(storage, task_id) == "queued"
