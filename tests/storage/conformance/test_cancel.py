"""Cancelling: at once what waits, by asking what runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, status, take, take_one
from tests.support import MovableClock


def test_a_queued_task_is_cancelled_at_once(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    assert storage.cancel(task_id)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.finished_at_utc) == ("cancelled", clock.now())
    assert take(storage) == []


def test_a_scheduled_task_is_cancelled_at_once(storage: Storage, clock: MovableClock):
    task_id = put(storage, run_after=clock.now() + timedelta(seconds=5))
    assert storage.cancel(task_id)
    clock.advance(6)
    assert (storage.promote(10), status(storage, task_id)) == (0, "cancelled")


def test_a_running_task_is_asked_to_stop(storage: Storage):
    """Its worker is told; it goes on until its handler obeys."""
    task_id = put(storage)
    put(storage)
    claim, _ = take(storage, limit=2)
    assert storage.cancel(task_id)
    assert status(storage, task_id) == "processing"
    assert storage.cancel_requests("worker-1") == [(task_id, claim.claim_token)]
    assert storage.cancel_requests("worker-2") == []
    assert end(storage, claim, TaskStatus.CANCELLED)
    assert (status(storage, task_id), storage.cancel_requests("worker-1")) == ("cancelled", [])


def test_a_handler_that_does_not_obey_may_complete(storage: Storage):
    task_id = put(storage)
    claim = take_one(storage)
    storage.cancel(task_id)
    assert end(storage, claim, TaskStatus.COMPLETED)
    assert status(storage, task_id) == "completed"


def test_a_failed_attempt_is_not_tried_again_once_cancelled(storage: Storage):
    task_id = put(storage)
    claim = take_one(storage)
    storage.cancel(task_id)
    assert end(storage, claim, TaskStatus.SCHEDULED, error="disk full", retry_in_seconds=30)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.error_message) == ("cancelled", "disk full")
    assert task.finished_at_utc is not None


def test_a_lost_worker_ends_a_task_that_is_to_be_cancelled(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    take_one(storage)
    storage.cancel(task_id)
    clock.advance(61)
    assert storage.rescue_expired().cancelled == (task_id,)
    task = storage.get(task_id)
    assert task is not None
    assert task.status == "cancelled"
    assert "lost" in (task.error_message or "")


@pytest.mark.parametrize("how", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED])
def test_what_is_finished_cannot_be_cancelled(storage: Storage, how: TaskStatus):
    task_id = put(storage)
    end(storage, take_one(storage), how)
    before = storage.get(task_id)
    assert not storage.cancel(task_id)
    assert storage.get(task_id) == before


def test_what_is_not_there_cannot_be_cancelled(storage: Storage):
    assert not storage.cancel(123_456)


def test_a_cancelled_delay_does_not_come_back_with_a_retry(storage: Storage, clock: MovableClock):
    """A retry by hand is due at once, whatever the task was waiting for when it was cancelled."""
    task_id = put(storage, run_after=clock.now() + timedelta(days=1))
    storage.cancel(task_id)
    assert storage.retry(task_id)
    task = storage.get(task_id)
    assert task is not None
    assert task.status == "queued"
    assert task.run_after_utc is not None
    assert task.run_after_utc <= clock.now()
