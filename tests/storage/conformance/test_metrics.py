"""The state of the whole queue, from counters; that each of them is right, the storage fixture sees after each test."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, take, take_one
from tests.support import MovableClock

COMPLETED, FAILED = TaskStatus.COMPLETED, TaskStatus.FAILED


def run_for(storage: Storage, clock: MovableClock, seconds: float, how: TaskStatus = COMPLETED) -> None:
    put(storage)
    claim = take_one(storage, lease_seconds=10**7)
    clock.advance(seconds)
    end(storage, claim, how)


def test_an_empty_queue(storage: Storage):
    metrics = storage.metrics()
    assert (metrics.depth_by_status, metrics.queued_by_type, metrics.statistics) == ({}, {}, {})
    assert metrics.oldest_queued_age_seconds is None
    assert (metrics.total_workers, metrics.active_workers, metrics.stale_workers) == (0, 0, 0)


def test_depths_by_status_and_type(storage: Storage, clock: MovableClock):
    for type in ("mail", "mail", "video", "audio"):
        put(storage, type)
    put(storage, "mail", run_after=clock.now() + timedelta(seconds=10))
    end(storage, take_one(storage, types=frozenset(["audio"])))
    take_one(storage, types=frozenset(["video"]))
    metrics = storage.metrics()
    assert metrics.depth_by_status == {"queued": 2, "scheduled": 1, "completed": 1, "processing": 1}
    assert metrics.queued_by_type == {"mail": 2}
    assert storage.task_counts() == {
        ("audio", COMPLETED): 1,
        ("mail", TaskStatus.QUEUED): 2,
        ("mail", TaskStatus.SCHEDULED): 1,
        ("video", TaskStatus.PROCESSING): 1,
    }
    assert storage.types() == ["audio", "mail", "video"]


def test_what_is_gone_is_not_counted(storage: Storage):
    """No zeros: neither a status nor a type without tasks is named."""
    put(storage, "mail")
    storage.execute("DELETE FROM task_queue")
    assert (storage.task_counts(), storage.types(), storage.metrics().depth_by_status) == ({}, [], {})


def test_the_oldest_waits_since_it_was_created(storage: Storage, clock: MovableClock):
    put(storage)
    clock.advance(10)
    put(storage)
    clock.advance(5)
    assert storage.metrics().oldest_queued_age_seconds == 15
    take_one(storage)
    assert storage.metrics().oldest_queued_age_seconds == 5


def test_a_delayed_task_waits_since_it_came_due(storage: Storage, clock: MovableClock):
    put(storage, run_after=clock.now() + timedelta(seconds=100))
    clock.advance(130)
    assert storage.metrics().oldest_queued_age_seconds is None
    storage.promote(10)
    assert storage.metrics().oldest_queued_age_seconds == 30


def test_a_retry_waits_since_it_came_due(storage: Storage, clock: MovableClock):
    put(storage)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, retry_in_seconds=20)
    clock.advance(50)
    storage.promote(10)
    assert storage.metrics().oldest_queued_age_seconds == 30


def test_a_retry_by_hand_waits_since_then(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    end(storage, take_one(storage), FAILED)
    clock.advance(50)
    storage.retry(task_id)
    clock.advance(7)
    assert storage.metrics().oldest_queued_age_seconds == 7


def test_the_age_is_never_negative(storage: Storage, clock: MovableClock):
    put(storage)
    clock.set_wall_clock(-100)
    assert storage.metrics().oldest_queued_age_seconds == 0


def test_statistics_of_what_finished(storage: Storage, clock: MovableClock):
    for seconds in (1, 2, 6):
        run_for(storage, clock, seconds)
    run_for(storage, clock, 10, FAILED)
    statistics = storage.metrics().statistics
    assert {status: figures.count for status, figures in statistics.items()} == {"completed": 3, "failed": 1}
    assert statistics["completed"].avg_attempts == 1
    assert statistics["completed"].avg_run_seconds == 3
    assert statistics["failed"].avg_run_seconds == 10


def test_attempts_are_averaged(storage: Storage):
    put(storage)
    for _ in range(2):
        end(storage, take_one(storage), TaskStatus.SCHEDULED)
        storage.promote(10)
    end(storage, take_one(storage))
    put(storage)
    end(storage, take_one(storage))
    assert storage.metrics().statistics["completed"].avg_attempts == 2


def test_percentiles_are_at_most_an_eighth_off(storage: Storage, clock: MovableClock):
    for seconds in range(1, 101):
        run_for(storage, clock, seconds / 10)
    figures = storage.metrics().statistics["completed"]
    assert figures.p50_run_seconds == pytest.approx(5.0, rel=0.13)
    assert figures.p95_run_seconds == pytest.approx(9.5, rel=0.13)
    assert figures.p99_run_seconds == pytest.approx(9.9, rel=0.13)


def test_runs_of_any_length_are_counted(storage: Storage, clock: MovableClock):
    """From none at all to a month."""
    for seconds in (0, 0.001, 86400 * 30):
        run_for(storage, clock, seconds)
    figures = storage.metrics().statistics["completed"]
    assert figures.count == 3
    assert figures.p50_run_seconds == pytest.approx(0.001)


def test_a_task_that_never_ran_has_no_run_time(storage: Storage, clock: MovableClock):
    put(storage, expires_at=clock.now() + timedelta(seconds=1))
    clock.advance(2)
    take(storage)
    figures = storage.metrics().statistics["failed"]
    assert (figures.count, figures.avg_run_seconds, figures.p50_run_seconds) == (1, None, None)


def test_a_retried_task_leaves_the_statistics(storage: Storage, clock: MovableClock):
    """They speak of the rows that are there now."""
    run_for(storage, clock, 5, FAILED)
    storage.retry(1)
    assert storage.metrics().statistics == {}


def test_workers_are_counted(storage: Storage, clock: MovableClock):
    for worker_id, pause in (("stale", 241), ("late", 60), ("active", 0)):
        storage.register(worker_id, "{}")
        clock.advance(pause)
    clock.advance(1)
    metrics = storage.metrics()
    assert (metrics.total_workers, metrics.active_workers, metrics.stale_workers) == (3, 1, 1)
