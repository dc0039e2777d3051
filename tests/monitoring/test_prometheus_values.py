"""What each metric of a queue tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from musterq.database import QueueDatabase
from musterq.histogram import UPPER_MS
from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.export.readings import BOUNDS_MS
from musterq.monitoring.prometheus import QueueCollector
from tests.support import MovableClock

Sample = Callable[..., float | None]


def put(database: QueueDatabase, type: str = "mail") -> None:
    database.storage.enqueue([NewTask(type=type, payload="{}")])


def run(database: QueueDatabase, clock: MovableClock, seconds: float, waits: float = 0.0) -> None:
    """A task that waits and runs for so long."""
    put(database)
    clock.advance(waits)
    (claim,) = database.storage.claim(ClaimRequest(worker_id="tester", lease_seconds=10**6))
    began = clock.time()
    clock.advance(seconds)
    end = Outcome(claim=claim, status=TaskStatus.COMPLETED, started_at=began, finished_at=clock.time())
    assert database.storage.finish([end]) == [True]


# -- counters -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("musterq_tasks_enqueued_total", {"type": "video"}),
        ("musterq_tasks_started_total", {"type": "slow"}),
        ("musterq_tasks_finished_total", {"type": "mail", "outcome": "completed"}),
        ("musterq_tasks_finished_total", {"type": "failed", "outcome": "failed"}),
        ("musterq_tasks_finished_total", {"type": "cancelled", "outcome": "cancelled"}),
        ("musterq_tasks_finished_total", {"type": "expiring", "outcome": "expired"}),
        ("musterq_task_retries_total", {"type": "retried"}),
        ("musterq_tasks_released_total", {"type": "queued"}),
        ("musterq_tasks_rescued_total", {"type": "slow"}),
        ("musterq_tasks_rescued_by_reason_total", {"reason": "lease over"}),
        ("musterq_task_crashes_total", {"type": "deadly"}),
        ("musterq_refused_finishes_total", {"type": "slow"}),
    ],
    ids=lambda given: "-".join(given.values()) if isinstance(given, dict) else given,
)
def test_what_happened_is_counted(value: Sample, everything: None, name: str, labels: dict[str, str]) -> None:
    """Once; of the type ``video``, twice."""
    assert value(name, **labels) == (2 if labels.get("type") == "video" else 1)


def test_what_has_not_happened_to_a_type_is_zero(value: Sample, database: QueueDatabase) -> None:
    """So that the first failure is a rise from nothing, which an alert sees."""
    put(database)
    for outcome in ("completed", "failed", "cancelled", "expired"):
        assert value("musterq_tasks_finished_total", type="mail", outcome=outcome) == 0
    assert value("musterq_task_crashes_total", type="mail") == 0
    assert value("musterq_task_run_seconds_count", type="mail") == 0
    assert value("musterq_tasks_rescued_by_reason_total", reason="lock free") == 0


def counters(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """All that only goes up."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        if family.type in {"counter", "histogram"}
        for sample in family.samples
    }


def test_counters_outlive_their_tasks_and_the_exporter(
    registry: CollectorRegistry, database: QueueDatabase, everything: None
) -> None:
    """Rows that are deleted, and another process that reads."""
    before = counters(registry)
    database.execute("DELETE FROM task_queue")
    assert counters(registry) == before
    with QueueDatabase(database.location) as opened:
        another = CollectorRegistry()
        another.register(QueueCollector(QueueMonitoring(opened)))
        assert counters(another) == before


# -- histograms -----------------------------------------------------------------------------------
def test_every_bound_is_one_that_is_kept() -> None:
    """So a bucket holds exactly the times up to its bound, and nothing is estimated."""
    assert set(BOUNDS_MS) <= set(UPPER_MS)
    assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0.0, "0.001"), (0.001, "0.001"), (0.025, "0.025"), (0.026, "0.05"), (1.0, "1.0"), (3.0, "5.0"), (9e4, "+Inf")],
)
def test_a_time_is_in_the_first_bucket_that_is_not_too_small(
    value: Sample, database: QueueDatabase, clock: MovableClock, seconds: float, bound: str
) -> None:
    """A bound belongs to its bucket; all following ones hold the time, too."""
    run(database, clock, seconds)
    bounds = [*(str(ms / 1000) for ms in BOUNDS_MS), "+Inf"]
    counts = [value("musterq_task_run_seconds_bucket", type="mail", le=le) for le in bounds]
    assert counts == [float(at >= bounds.index(bound)) for at in range(len(bounds))]


def test_waiting_and_running_are_summed(value: Sample, database: QueueDatabase, clock: MovableClock) -> None:
    """In seconds."""
    run(database, clock, 4.5, waits=2)
    run(database, clock, 0.5, waits=1.25)
    assert value("musterq_task_wait_seconds_sum", type="mail") == 3.25
    assert value("musterq_task_run_seconds_sum", type="mail") == 5
    assert value("musterq_task_wait_seconds_count", type="mail") == 2
    assert value("musterq_task_run_seconds_count", type="mail") == 2


# -- gauges ---------------------------------------------------------------------------------------
def test_tasks_are_counted_by_type_and_status(value: Sample, everything: None) -> None:
    """Every status of a type that is known, also those of which there are none."""
    assert value("musterq_tasks", type="mail", status="queued") == 1
    assert value("musterq_tasks", type="mail", status="completed") == 1
    assert value("musterq_tasks", type="mail", status="failed") == 0
    assert value("musterq_tasks", type="retried", status="scheduled") == 1


def test_a_status_that_there_is_not_is_no_label(database: QueueDatabase, registry: CollectorRegistry) -> None:
    """Plain SQL may write what it likes, and labels stay few."""
    database.execute("INSERT INTO task_queue (type, payload, status) VALUES ('mail', '{}', 'my own')")
    assert "my own" not in generate_latest(registry).decode()


def test_the_oldest_is_told_as_a_moment(value: Sample, clock: MovableClock, everything: None) -> None:
    """Of each type that waits, and absent where none does."""
    oldest = "musterq_oldest_queued_task_timestamp_seconds"
    assert value(oldest, type="mail") == clock.time() - 90
    assert value(oldest, type="failed") is None


def test_paused_types_are_told(value: Sample, everything: None) -> None:
    """One that never had a task, too."""
    assert value("musterq_type_paused", type="report") == 1
    assert value("musterq_type_paused", type="mail") == 0


def test_what_no_worker_can_take_is_told(value: Sample, everything: None) -> None:
    """By type."""
    assert value("musterq_unservable_tasks", type="video") == 2
    assert value("musterq_unservable_tasks", type="mail") == 0


def test_workers_are_told_by_status_with_zeros(value: Sample, clock: MovableClock, everything: None) -> None:
    """Every status that there is."""
    statuses = ("starting", "idle", "busy", "draining", "wedged", "suspended", "lost", "late", "stale")
    assert [value("musterq_workers", status=status) for status in statuses] == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert value("musterq_worker_slots") == 1
    clock.advance(301)
    assert value("musterq_workers", status="stale") == 1
    assert value("musterq_workers", status="idle") == 0
    assert value("musterq_worker_slots") == 0


def test_expected_and_missing_workers_are_told(value: Sample, everything: None) -> None:
    """By the name of the expectation."""
    assert value("musterq_workers_expected", expectation="images") == 3
    assert value("musterq_workers_missing", expectation="images") == 2


def test_schedules_and_the_next_tick_are_told(value: Sample, clock: MovableClock, everything: None) -> None:
    """The tick of one that is paused is none."""
    assert value("musterq_schedules", state="ticking") == 1
    assert value("musterq_schedules", state="paused") == 1
    assert value("musterq_next_tick_timestamp_seconds") == clock.time() - 30


def test_without_a_schedule_there_is_no_next_tick(value: Sample) -> None:
    """Absent, and not zero, which would be long ago."""
    assert value("musterq_next_tick_timestamp_seconds") is None


def test_the_database_tells_its_sizes(value: Sample, database: QueueDatabase, everything: None) -> None:
    """Of the file, the log, and the disk."""
    condition = database.storage.condition()
    assert value("musterq_database_bytes") == condition.database_bytes > 0
    assert value("musterq_write_ahead_log_bytes") == condition.log_bytes > 0
    assert value("musterq_disk_free_bytes") == pytest.approx(condition.disk_free_bytes, rel=0.1)


def test_the_version_is_a_label(value: Sample) -> None:
    """Of one that is always 1."""
    from importlib.metadata import version

    assert value("musterq_build_info", version=version("musterq")) == 1
