"""All that ever happened, and what happened when, as programs and charts read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.models import TaskStatus, WorkerFacts
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.history import METRICS
from musterq.observations import TALLIED
from musterq.storage.base import Storage
from tests.storage.making import end, put, take_one
from tests.support import MovableClock

MINUTE, HOUR, DAY = 60, 3600, 86400
S = TaskStatus
Live = Callable[..., None]


@pytest.fixture
def storage(database: QueueDatabase, clock: MovableClock) -> Storage:
    """At the begin of a minute, twelve hours from both ends of its day."""
    clock.set_wall_clock(DAY / 2 - clock.time() % DAY)
    return database.storage


@pytest.fixture
def live(storage: Storage, clock: MovableClock) -> Live:
    """Put a task in, let it wait and run for so many seconds, and end it."""

    def live(type: str, wait: float, seconds: float, how: TaskStatus = S.COMPLETED) -> None:
        put(storage, type)
        clock.advance(wait)
        claim = take_one(storage, types=frozenset([type]))
        clock.advance(seconds)
        end(storage, claim, how, error="no")

    return live


@pytest.fixture
def busy(storage: Storage, clock: MovableClock, live: Live) -> None:
    """Three minutes: two tasks completed, then one completed and one failed, then nothing that ends."""
    live("mail", 1, 2)
    live("mail", 3, 4)
    clock.advance(MINUTE - 10)
    live("mail", 5, 8)
    live("video", 0, 20, S.FAILED)
    clock.advance(MINUTE - 33)
    put(storage, "video")
    storage.keep_history()


def values(monitoring: QueueMonitoring, metric: str) -> list[Any]:
    """Of all types, in the minute that runs and the two before."""
    (series,) = monitoring.get_history(metric, since=2.5 * MINUTE, step=MINUTE)["series"]
    assert series["type"] is None
    return series["values"][-3:]


def near(seconds: float) -> Any:
    return pytest.approx(seconds, rel=0.13)


# -- totals -----------------------------------------------------------------------------------------------------------
def test_totals_by_type(monitoring: QueueMonitoring, busy: None):
    """Every word is there, also of what never happened."""
    totals = monitoring.get_totals()
    assert list(totals) == ["mail", "video"]
    assert {what: totals["mail"][what] for what in TALLIED} == {
        **dict.fromkeys(TALLIED, 0),
        "enqueued": 3,
        "started": 3,
        "completed": 3,
    }
    assert totals["video"]["failed"] == 1
    waited = totals["mail"]["wait_seconds"]
    assert (waited["count"], waited["sum"], waited["avg"]) == (3, 9, 3)
    assert (waited["p50"], waited["p99"]) == (near(3), near(5))
    assert waited["buckets"] == {1.0: 1, 3.15: 1, 5.0: 1}
    assert totals["video"]["run_seconds"]["buckets"] == {20.0: 1}


def test_totals_of_all_types_together(monitoring: QueueMonitoring, busy: None):
    total = monitoring.get_totals(by=None)
    assert (total["enqueued"], total["completed"], total["failed"]) == (5, 3, 1)
    assert (total["run_seconds"]["count"], total["run_seconds"]["sum"]) == (4, 34)


def test_totals_of_a_queue_in_which_nothing_happened(monitoring: QueueMonitoring, storage: Storage):
    """Times that are not there are None."""
    assert monitoring.get_totals() == {}
    nothing = {"count": 0, "sum": 0.0, "avg": None, "p50": None, "p95": None, "p99": None, "buckets": {}}
    assert monitoring.get_totals(by=None) == {
        **dict.fromkeys(TALLIED, 0),
        "wait_seconds": nothing,
        "run_seconds": nothing,
    }


# -- history ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("metric", "unit", "expected"),
    [
        ("enqueued", "tasks", [2, 2, 1]),
        ("started", "tasks", [2, 2, 0]),
        ("completed", "tasks", [2, 1, 0]),
        ("failed", "tasks", [0, 1, 0]),
        ("cancelled", "tasks", [0, 0, 0]),
        ("expired", "tasks", [0, 0, 0]),
        ("retried", "tasks", [0, 0, 0]),
        ("released", "tasks", [0, 0, 0]),
        ("rescued", "tasks", [0, 0, 0]),
        ("crashed", "tasks", [0, 0, 0]),
        ("refused", "tasks", [0, 0, 0]),
        ("finished", "tasks", [2, 2, 0]),
        ("throughput", "tasks per second", [2 / 60, 2 / 60, 0]),
        ("failure_rate", "share", [0, 0.5, None]),
        ("wait_avg", "seconds", [2, 2.5, None]),
        ("wait_p50", "seconds", [near(1), 0, None]),
        ("wait_p95", "seconds", [near(3), near(5), None]),
        ("wait_p99", "seconds", [near(3), near(5), None]),
        ("run_avg", "seconds", [3, 14, None]),
        ("run_p50", "seconds", [near(2), near(8), None]),
        ("run_p95", "seconds", [near(4), near(20), None]),
        ("run_p99", "seconds", [near(4), near(20), None]),
        ("depth", "tasks", [None, None, 1]),
        ("active_workers", "workers", [None, None, 0]),
        ("utilisation", "share", [None, None, None]),
    ],
)
def test_each_metric(monitoring: QueueMonitoring, busy: None, metric: str, unit: str, expected: list[Any]):
    """In each step of a minute; the same whether it has been brought into the history or not."""
    assert values(monitoring, metric) == expected
    assert monitoring.get_history(metric)["unit"] == unit
    monitoring.database.storage.keep_history()
    assert values(monitoring, metric) == expected


def test_there_is_no_other_metric():
    """Each is in the table above."""
    (mark,) = [mark for mark in test_each_metric.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert sorted(METRICS) == sorted(row[0] for row in mark.args[1])


def test_a_series_for_each_type(monitoring: QueueMonitoring, busy: None):
    """That has anything in the range; in the order of their names."""
    found = monitoring.get_history("finished", step=MINUTE, by="type")
    assert [series["type"] for series in found["series"]] == ["mail", "video"]
    assert [sum(series["values"]) for series in found["series"]] == [3, 1]
    assert monitoring.get_history("refused", by="type")["series"] == []
    assert [sum(series["values"]) for series in monitoring.get_history("refused")["series"]] == [0]


def test_how_busy_workers_were(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock):
    """The share of places that were taken."""
    storage.register("w", "{}", WorkerFacts(host="h", pid=1, concurrency=4))
    put(storage)
    take_one(storage, "w")
    storage.keep_history()
    assert monitoring.get_history("utilisation", since=30)["series"][0]["values"] == [None, 0.25]
    assert monitoring.get_history("active_workers", since=30)["series"][0]["values"] == [None, 1]


def test_the_mean_of_a_gauge_counts_looks_at_which_there_was_nothing(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock
):
    """Of a type that waited at one look of two, half as much waited."""
    put(storage, "mail")
    put(storage, "mail")
    put(storage, "video")
    storage.keep_history()
    clock.advance(MINUTE)
    take_one(storage, types=frozenset(["video"]))
    storage.keep_history()
    found = monitoring.get_history("depth", since=HOUR, step=HOUR, by="type")["series"]
    assert {series["type"]: series["values"][-1] for series in found} == {"mail": 2, "video": 0.5}
    (of_all,) = monitoring.get_history("depth", since=HOUR, step=HOUR)["series"]
    assert of_all["values"][-1] == 2.5


@pytest.mark.parametrize(
    ("options", "seconds", "steps"),
    [
        ({}, MINUTE, 61),
        ({"since": 600}, MINUTE, 11),
        ({"since": DAY}, 1800, 49),
        ({"since": 3 * DAY}, 7200, 37),
        ({"since": 100 * DAY}, 2 * DAY, 51),
        ({"since": DAY, "step": HOUR}, HOUR, 25),
        ({"since": HOUR, "step": 7 * MINUTE}, 7 * MINUTE, None),
        ({"since": 90 * DAY, "step": DAY}, DAY, 91),
        ({"since": 2 * HOUR, "until": HOUR}, MINUTE, 60),
        ({"since": 30}, MINUTE, 2),
    ],
)
def test_steps(
    monitoring: QueueMonitoring, storage: Storage, options: dict[str, float], seconds: int, steps: int | None
):
    """About sixty, unless asked for; each begins at a multiple of its length, and the last is the one that runs."""
    found = monitoring.get_history("completed", **options)
    assert found["step_seconds"] == seconds
    times = [datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in found["times"]]
    now = storage.clock.time()
    assert all(time % seconds == 0 for time in times)
    assert times[0] <= now - options.get("since", HOUR) < times[0] + seconds
    until = now - options["until"] if "until" in options else now + 0.001
    assert times[-1] < until <= times[-1] + seconds
    assert steps is None or len(times) == steps
    assert [len(series["values"]) for series in found["series"]] == [len(times)]


def test_a_range_of_moments(monitoring: QueueMonitoring, busy: None, clock: MovableClock):
    """Aware datetimes, in any zone."""
    here = clock.now().astimezone(timezone(timedelta(hours=5, minutes=45)))
    found = monitoring.get_history("enqueued", since=here - timedelta(hours=2), until=here, step=HOUR)
    assert found["times"][0] == f"{clock.now() - timedelta(hours=2):%Y-%m-%d %H}:00:00.000"
    assert found["series"][0]["values"] == [0, 0, 5]


@pytest.mark.parametrize(
    ("since", "until", "step"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), None, None),
        (datetime(1, 1, 1, tzinfo=UTC), None, 1000 * DAY),
        (99 * 365 * DAY, None, 30 * DAY),
        (HOUR, datetime(9999, 12, 31, 23, 59, tzinfo=UTC), None),
        (HOUR, datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 3650 * DAY),
    ],
)
def test_a_range_from_or_to_times_that_nobody_knows(
    monitoring: QueueMonitoring,
    busy: None,
    since: datetime | float,
    until: datetime | None,
    step: float | None,
):
    """Nothing is told of times before 1970; all that happened is in it."""
    found = monitoring.get_history("enqueued", since=since, until=until, step=step)
    assert sum(found["series"][0]["values"]) == 5
    assert found["times"] == sorted(found["times"])
    assert all(datetime.fromisoformat(f"{time}+00:00").timestamp() % DAY == 0 for time in found["times"])
    assert found["times"][0] >= "1970"


def test_a_long_range_is_read_from_hours_and_days(monitoring: QueueMonitoring, busy: None, clock: MovableClock):
    """Where the minutes are no longer kept."""
    for days in (3, 70):
        clock.advance(days * DAY)
        monitoring.database.storage.keep_history()
        found = monitoring.get_history("enqueued", since=(days + 5) * DAY)
        assert sum(found["series"][0]["values"]) == 5, days


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"metric": "speed"}, ValueError, "throughput"),
        ({"metric": 7}, TypeError, "metric"),
        ({"by": "worker"}, ValueError, '"type" or None'),
        ({"by": "type", "metric": "active_workers"}, ValueError, "by=None"),
        ({"by": "type", "metric": "utilisation"}, ValueError, "by=None"),
        ({"since": datetime(2026, 1, 1)}, ValueError, "time zone"),  # noqa: DTZ001  # that is the mistake
        ({"until": datetime(2026, 1, 1)}, ValueError, "time zone"),  # noqa: DTZ001
        ({"since": "yesterday"}, TypeError, "since"),
        ({"since": -5}, ValueError, "since"),
        ({"since": float("nan")}, ValueError, "since"),
        ({"since": 60, "until": 60}, ValueError, "since is not before until"),
        ({"since": 60, "until": 120}, ValueError, "since is not before until"),
        ({"step": 59}, ValueError, "step"),
        ({"step": 90}, ValueError, "multiple of 60"),
        ({"step": "1h"}, TypeError, "step"),
        ({"since": 3 * DAY, "step": 60}, ValueError, "multiple of 3600"),
        ({"since": 90 * DAY, "step": 3600}, ValueError, "multiple of 86400"),
        ({"since": datetime(1900, 1, 1, tzinfo=UTC), "step": DAY}, ValueError, "10000"),
    ],
)
def test_what_cannot_be_asked(
    monitoring: QueueMonitoring, storage: Storage, arguments: dict[str, Any], error: type[Exception], says: str
):
    """The message says what can be."""
    with pytest.raises(error, match=says):
        monitoring.get_history(**{"metric": "completed", **arguments})


def test_totals_of_what_there_is_not(monitoring: QueueMonitoring, storage: Storage):
    with pytest.raises(ValueError, match='"type" or None'):
        monitoring.get_totals(by="worker")  # type: ignore[arg-type]


# -- in the metrics ---------------------------------------------------------------------------------------------------
def test_the_metrics_tell_of_the_last_minute_and_hour(monitoring: QueueMonitoring, busy: None, clock: MovableClock):
    """The last minute is one that is over; the hour has the one that runs, too."""
    metrics = monitoring.get_queue_metrics()
    lately = metrics["last_minute"]
    assert {what: lately[what] for what in TALLIED if lately[what]} == {
        "enqueued": 2,
        "started": 2,
        "completed": 1,
        "failed": 1,
    }
    assert lately["run_seconds"] == {
        "count": 2,
        "sum": 28.0,
        "avg": 14.0,
        "p50": near(8),
        "p95": near(20),
        "p99": near(20),
    }
    assert metrics["last_hour"]["enqueued"] == 5
    clock.advance(HOUR + MINUTE)
    assert monitoring.get_queue_metrics()["last_hour"]["enqueued"] == 0


def test_the_metrics_tell_of_each_type(monitoring: QueueMonitoring, busy: None, clock: MovableClock):
    """Rows that are there, and times of all that ever were."""
    clock.advance(9.5)
    video = monitoring.get_queue_metrics()["by_type"]["video"]
    assert {key: value for key, value in video.items() if not key.endswith("_seconds")} == {
        **dict.fromkeys(TaskStatus, 0),
        "queued": 1,
        "failed": 1,
    }
    assert video["oldest_queued_task_age_seconds"] == 9
    assert (video["run_seconds"]["count"], video["run_seconds"]["avg"]) == (1, 20)
    assert "buckets" not in video["wait_seconds"]


def test_a_type_whose_tasks_are_gone_keeps_its_times(monitoring: QueueMonitoring, busy: None):
    monitoring.database.execute("DELETE FROM task_queue")
    mail = monitoring.get_queue_metrics()["by_type"]["mail"]
    assert mail["completed"] == 0
    assert mail["oldest_queued_task_age_seconds"] is None
    assert mail["wait_seconds"]["count"] == 3
