"""What get_queue_metrics says: shapes, counts, rates and ages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.models import Claim, ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.observations import TALLIED
from tests.support import MovableClock

KEYS = {
    "queue_depth_by_status",
    "queue_depth_by_type",
    "oldest_queued_task_age_seconds",
    "task_statistics",
    "success_rate",
    "failure_rate",
    "total_workers",
    "active_workers",
    "stale_workers",
}
BESIDE = {
    "last_minute",
    "last_hour",
    "by_type",
    "unservable_tasks",
    "expected_workers",
    "missing_workers",
    "paused_types",
}
NO_TIMES = {"count": 0, "sum": 0.0, "avg": None, "p50": None, "p95": None, "p99": None}
NOTHING = {**dict.fromkeys(TALLIED, 0), "wait_seconds": NO_TIMES, "run_seconds": NO_TIMES}
STATISTICS = {
    "status": str,
    "count": int,
    "avg_attempts": float,
    "avg_run_seconds": float,
    "p50_run_seconds": float,
    "p95_run_seconds": float,
    "p99_run_seconds": float,
}


def enqueue(database: QueueDatabase, type: str = "mail", **options: Any) -> int:
    (enqueued,) = database.storage.enqueue([NewTask(type=type, payload="{}", **options)])
    return enqueued.id


def claim_all(database: QueueDatabase) -> list[Claim]:
    return database.storage.claim(ClaimRequest(worker_id="tester", limit=1000))


def run_all(database: QueueDatabase, clock: MovableClock, seconds: float, status: TaskStatus) -> None:
    """Claim what is queued, let it run for some seconds, and finish it."""
    claims = claim_all(database)
    started = clock.time()
    clock.advance(seconds)
    error = None if status is TaskStatus.COMPLETED else "failed by the test"
    database.storage.finish(
        [
            Outcome(claim=claim, status=status, error=error, started_at=started, finished_at=clock.time())
            for claim in claims
        ]
    )


def assert_plain(value: Any) -> None:
    """Only what JSON has, of exactly Python's own types: no enums, no rows, no structs."""
    assert type(value) in {dict, list, int, float, str, type(None)}
    if type(value) is dict:
        for key, inner in value.items():
            assert type(key) is str
            assert_plain(inner)


def test_an_empty_queue_has_every_key(monitoring: QueueMonitoring) -> None:
    """No zeros in the depths, None where there is nothing to tell, zeros for workers."""
    assert monitoring.get_queue_metrics() == {
        "queue_depth_by_status": {},
        "queue_depth_by_type": {},
        "oldest_queued_task_age_seconds": None,
        "task_statistics": {},
        "success_rate": None,
        "failure_rate": None,
        "total_workers": 0,
        "active_workers": 0,
        "stale_workers": 0,
        "last_minute": NOTHING,
        "last_hour": NOTHING,
        "by_type": {},
        "unservable_tasks": 0,
        "expected_workers": 0,
        "missing_workers": 0,
        "paused_types": [],
    }


def test_everything_is_plain_python(monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock) -> None:
    """A dict that the json module writes and reads back as it was."""
    for status in (TaskStatus.COMPLETED, TaskStatus.FAILED):
        enqueue(database)
        run_all(database, clock, 2.5, status)
    enqueue(database)
    clock.advance(7.9)
    metrics = monitoring.get_queue_metrics()
    assert set(metrics) == KEYS | BESIDE
    assert_plain(metrics)
    assert json.loads(json.dumps(metrics)) == metrics
    assert type(metrics["oldest_queued_task_age_seconds"]) is int
    assert type(metrics["success_rate"]) is type(metrics["failure_rate"]) is float
    for status, figures in metrics["task_statistics"].items():
        assert {name: type(value) for name, value in figures.items()} == STATISTICS
        assert figures["status"] == status


def test_depth_by_status_counts_what_is_there_without_zeros(
    monitoring: QueueMonitoring, database: QueueDatabase
) -> None:
    """A status whose last task left is no longer a key."""
    enqueue(database)
    enqueue(database)
    assert monitoring.get_queue_metrics()["queue_depth_by_status"] == {"queued": 2}
    claims = claim_all(database)
    assert monitoring.get_queue_metrics()["queue_depth_by_status"] == {"processing": 2}
    database.storage.finish([Outcome(claim=claims[0], status=TaskStatus.COMPLETED)])
    assert monitoring.get_queue_metrics()["queue_depth_by_status"] == {"processing": 1, "completed": 1}


def test_depth_by_type_counts_only_queued_tasks(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Running, finished and delayed tasks are of no type here; compatibility makes no difference."""
    enqueue(database, "mail")
    enqueue(database, "mail", compatibility='{"gpu": true}')
    enqueue(database, "video", compatibility='{"gpu": true}')
    cancelled = enqueue(database, "audio")
    database.storage.cancel(cancelled)
    assert monitoring.get_queue_metrics()["queue_depth_by_type"] == {"mail": 2, "video": 1}
    claim_all(database)  # without capabilities: the one that suits every worker
    assert monitoring.get_queue_metrics()["queue_depth_by_type"] == {"mail": 1, "video": 1}


def test_hostile_types_are_only_keys(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Unicode and SQL come back as they were put in."""
    for type_name in ("тип 🦀", "x'; DROP TABLE task_queue; --"):
        enqueue(database, type_name)
        assert monitoring.get_queue_metrics()["queue_depth_by_type"][type_name] == 1


def test_rates_are_shares_of_completed_and_failed(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """What was cancelled, waits or runs does not count."""
    for _ in range(3):
        enqueue(database)
    run_all(database, clock, 1, TaskStatus.COMPLETED)
    enqueue(database)
    run_all(database, clock, 1, TaskStatus.FAILED)
    database.storage.cancel(enqueue(database))
    enqueue(database)
    metrics = monitoring.get_queue_metrics()
    assert metrics["success_rate"] == 0.75
    assert metrics["failure_rate"] == 0.25


@pytest.mark.parametrize(
    ("status", "rates"), [(TaskStatus.COMPLETED, (1.0, 0.0)), (TaskStatus.FAILED, (0.0, 1.0))], ids=str
)
def test_where_all_ended_alike_the_other_rate_is_zero(
    monitoring: QueueMonitoring,
    database: QueueDatabase,
    clock: MovableClock,
    status: TaskStatus,
    rates: tuple[float, float],
) -> None:
    """Zero is a rate; only an empty share is None. The statistics have no entry for what does not exist."""
    enqueue(database)
    run_all(database, clock, 1, status)
    metrics = monitoring.get_queue_metrics()
    assert (metrics["success_rate"], metrics["failure_rate"]) == rates
    assert list(metrics["task_statistics"]) == [status.value]


def test_statistics_average_attempts_and_run_time(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """One task that took two attempts and one that took one; the last attempt's run time counts."""
    enqueue(database)
    (claim,) = claim_all(database)
    database.storage.finish([Outcome(claim=claim, status=TaskStatus.SCHEDULED, error="again", retry_in_seconds=1)])
    clock.advance(2)
    database.storage.promote(10)
    run_all(database, clock, 4, TaskStatus.COMPLETED)
    enqueue(database)
    run_all(database, clock, 2, TaskStatus.COMPLETED)
    figures = monitoring.get_queue_metrics()["task_statistics"]["completed"]
    assert figures["count"] == 2
    assert figures["avg_attempts"] == pytest.approx(1.5)
    assert figures["avg_run_seconds"] == pytest.approx(3.0, abs=0.002)


def test_percentiles_tell_the_slow_from_the_usual(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """A hundred tasks of 1 to 100 seconds: in order, and each near the truth, as far as its bucket is wide."""
    for seconds in range(1, 101):
        enqueue(database)
        run_all(database, clock, seconds, TaskStatus.COMPLETED)
    figures = monitoring.get_queue_metrics()["task_statistics"]["completed"]
    assert figures["avg_run_seconds"] == pytest.approx(50.5, abs=0.01)
    assert figures["p50_run_seconds"] == pytest.approx(50, rel=0.15)
    assert figures["p95_run_seconds"] == pytest.approx(95, rel=0.15)
    assert figures["p99_run_seconds"] == pytest.approx(99, rel=0.15)
    assert figures["p50_run_seconds"] < figures["p95_run_seconds"] <= figures["p99_run_seconds"]


def test_tasks_that_were_never_timed_have_no_run_time(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Finished by plain SQL without a start: counted, their run time None rather than zero."""
    database.execute("INSERT INTO task_queue(type, payload, status, attempts) VALUES ('mail', '{}', 'completed', 3)")
    figures = monitoring.get_queue_metrics()["task_statistics"]["completed"]
    assert figures == {
        "status": "completed",
        "count": 1,
        "avg_attempts": 3.0,
        "avg_run_seconds": None,
        "p50_run_seconds": None,
        "p95_run_seconds": None,
        "p99_run_seconds": None,
    }


def age(monitoring: QueueMonitoring) -> int | None:
    seconds: int | None = monitoring.get_queue_metrics()["oldest_queued_task_age_seconds"]
    return seconds


def test_the_age_is_that_of_the_task_that_waits_longest_truncated(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """Whole seconds since it was put in, by the first of several."""
    enqueue(database)
    assert age(monitoring) == 0
    clock.advance(59.999)
    enqueue(database, "video", priority=1)
    assert age(monitoring) == 59
    clock.advance(0.001)
    assert age(monitoring) == 60


def test_the_age_follows_when_the_oldest_leaves(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """Claimed, cancelled or deleted: the next one's age, and None at last."""
    cancelled = enqueue(database)
    clock.advance(10)
    deleted = enqueue(database)
    clock.advance(10)
    enqueue(database)
    clock.advance(10)
    assert age(monitoring) == 30
    database.storage.cancel(cancelled)
    assert age(monitoring) == 20
    database.execute("DELETE FROM task_queue WHERE id = ?", (deleted,))
    assert age(monitoring) == 10
    claim_all(database)
    assert age(monitoring) is None


def test_the_age_is_never_negative(monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock) -> None:
    """A wall clock that was set back makes a task of the future, which is zero seconds old."""
    enqueue(database)
    clock.set_wall_clock(-1000)
    assert age(monitoring) == 0


def test_a_delayed_task_waits_since_it_came_due(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """The delay that was asked for is no waiting."""
    clock.advance(100)
    due = clock.now()
    clock.advance(-100)
    enqueue(database, run_after=due)
    assert age(monitoring) is None
    clock.advance(130)
    database.storage.promote(10)
    assert age(monitoring) == 30


def test_a_retry_waits_since_it_came_due(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """Not since it was first put in."""
    enqueue(database)
    clock.advance(1000)
    (claim,) = claim_all(database)
    database.storage.finish([Outcome(claim=claim, status=TaskStatus.SCHEDULED, error="again", retry_in_seconds=20)])
    assert age(monitoring) is None
    clock.advance(25)
    database.storage.promote(10)
    assert age(monitoring) == 5


def test_a_retry_by_hand_waits_since_then(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """The time in which it lay failed is no waiting."""
    task_id = enqueue(database)
    run_all(database, clock, 1, TaskStatus.FAILED)
    clock.advance(5000)
    assert database.storage.retry(task_id)
    clock.advance(3)
    assert age(monitoring) == 3


def test_a_released_task_waits_since_it_was_put_in(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """It never ran."""
    enqueue(database)
    clock.advance(50)
    (claim,) = claim_all(database)
    database.storage.finish([Outcome(claim=claim, status=TaskStatus.QUEUED)])
    clock.advance(5)
    assert age(monitoring) == 55


def test_workers_are_counted_by_their_age(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """Active to 60 seconds, stale over 300, in between only part of the total."""
    for wait in (241, 239, 60, 0):  # their ages in the end: 540, 299, 60, 0
        monitoring.register_worker(f"after-{wait}")
        clock.advance(wait)
    monitoring.register_worker("now")
    metrics = monitoring.get_queue_metrics()
    assert (metrics["total_workers"], metrics["active_workers"], metrics["stale_workers"]) == (5, 3, 1)


def test_worker_counts_follow_what_happens(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Registering, time, beating, removing."""

    def counts() -> tuple[int, int, int]:
        metrics = monitoring.get_queue_metrics()
        return metrics["total_workers"], metrics["active_workers"], metrics["stale_workers"]

    monitoring.register_worker("a")
    monitoring.register_worker("b")
    assert counts() == (2, 2, 0)
    clock.advance(301)
    assert counts() == (2, 0, 2)
    monitoring.update_heartbeat("a")
    assert counts() == (2, 1, 1)
    monitoring.remove_worker("b")
    assert counts() == (1, 1, 0)
