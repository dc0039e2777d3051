"""Who is active, who is stale: exact to the millisecond, in order, by either clock."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest

from musterq.database import QueueDatabase
from musterq.models import Worker
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock


def ids(workers: list[Worker]) -> list[str]:
    return [worker.worker_id for worker in workers]


def register_aged(monitoring: QueueMonitoring, clock: MovableClock, ages: dict[str, float]) -> None:
    """Register workers so that their heartbeats now have these ages."""
    passed = max(ages.values())
    clock.advance(-passed)
    for worker_id, age in sorted(ages.items(), key=lambda item: -item[1]):
        clock.advance(passed - age)
        passed = age
        monitoring.register_worker(worker_id)
    clock.advance(passed)


@pytest.mark.parametrize("threshold", [0, 1, 60, 0.5, 300, 86_400, 10_000_000])
def test_an_age_of_exactly_the_threshold_is_active_and_not_stale(
    monitoring: QueueMonitoring, clock: MovableClock, threshold: float
) -> None:
    """One millisecond more is stale and no longer active."""
    monitoring.register_worker("worker-01")
    clock.advance(threshold)
    assert ids(monitoring.get_active_workers(threshold)) == ["worker-01"]
    assert monitoring.get_stale_workers(threshold) == []
    clock.advance(0.001)
    assert monitoring.get_active_workers(threshold) == []
    assert ids(monitoring.get_stale_workers(threshold)) == ["worker-01"]


def test_the_defaults_are_60_and_300_seconds(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """In between a worker is neither active nor stale."""
    register_aged(monitoring, clock, {"beats": 0, "at-60": 60, "at-61": 61, "at-300": 300, "at-301": 301})
    assert ids(monitoring.get_active_workers()) == ["beats", "at-60"]
    assert ids(monitoring.get_stale_workers()) == ["at-301"]


def test_the_signatures_are_what_programs_call() -> None:
    """Names and defaults of the arguments are fixed."""
    active = inspect.signature(QueueMonitoring.get_active_workers).parameters["active_threshold_seconds"]
    stale = inspect.signature(QueueMonitoring.get_stale_workers).parameters["stale_threshold_seconds"]
    register = inspect.signature(QueueMonitoring.register_worker).parameters
    assert (active.default, stale.default) == (60, 300)
    assert list(register) == ["self", "worker_id", "capabilities"]
    assert register["capabilities"].default is None


def test_thresholds_go_by_name(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """As the documentation of older programs writes them."""
    register_aged(monitoring, clock, {"old": 700, "new": 10})
    assert ids(monitoring.get_active_workers(active_threshold_seconds=300)) == ["new"]
    assert ids(monitoring.get_stale_workers(stale_threshold_seconds=600)) == ["old"]


def test_active_workers_come_newest_first(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """By heartbeat, whatever their names."""
    register_aged(monitoring, clock, {"b": 3, "a": 2, "d": 1, "c": 50})
    assert ids(monitoring.get_active_workers()) == ["d", "a", "b", "c"]


def test_stale_workers_come_oldest_first(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """By heartbeat, whatever their names."""
    register_aged(monitoring, clock, {"b": 1003, "a": 1002, "d": 1001, "c": 5000})
    assert ids(monitoring.get_stale_workers()) == ["c", "b", "a", "d"]


def test_a_heartbeat_makes_a_stale_worker_active_and_first(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Order follows the beats, not the registrations."""
    register_aged(monitoring, clock, {"slow": 1000, "quick": 5})
    assert ids(monitoring.get_stale_workers()) == ["slow"]
    monitoring.update_heartbeat("slow")
    assert ids(monitoring.get_active_workers()) == ["slow", "quick"]
    assert monitoring.get_stale_workers() == []


@pytest.mark.parametrize("text_of", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.000"])
def test_a_heartbeat_set_by_plain_sql_counts_with_its_age(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock, text_of: str
) -> None:
    """What older programs write in their tests to make a worker stale, to the second."""
    for worker_id, age in [("at-60", 60), ("at-61", 61), ("at-300", 300), ("at-301", 301)]:
        monitoring.register_worker(worker_id)
        text = (clock.now() - timedelta(seconds=age)).strftime(text_of)
        database.execute("UPDATE workers SET heartbeat_utc = ? WHERE worker_id = ?", (text, worker_id))
    assert ids(monitoring.get_active_workers()) == ["at-60"]
    assert ids(monitoring.get_stale_workers()) == ["at-301"]
    assert ids(monitoring.get_stale_workers(60)) == ["at-301", "at-300", "at-61"]


def test_a_heartbeat_set_by_sqlites_own_clock_counts(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """datetime('now', ...) as typed into a shell."""
    monitoring.register_worker("worker-01")
    database.execute("UPDATE workers SET heartbeat_utc = datetime('now', '-10 minutes')")
    assert ids(monitoring.get_stale_workers(500)) == ["worker-01"]
    database.execute("UPDATE workers SET heartbeat_utc = datetime('now', '-2 minutes')")
    assert monitoring.get_stale_workers() == []
    assert monitoring.get_active_workers() == []
    assert ids(monitoring.get_active_workers(180)) == ["worker-01"]


def test_a_heartbeat_after_plain_sql_counts_again(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """The beat overrides what was written by hand."""
    monitoring.register_worker("worker-01")
    database.execute("UPDATE workers SET heartbeat_utc = '2001-01-01 00:00:00'")
    assert ids(monitoring.get_stale_workers()) == ["worker-01"]
    assert monitoring.update_heartbeat("worker-01") is True
    assert ids(monitoring.get_active_workers(0)) == ["worker-01"]
    clock.advance(61)
    assert monitoring.get_active_workers() == []


def test_a_wall_clock_set_forward_makes_nobody_stale(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Ages on one machine go by its boot clock."""
    monitoring.register_worker("worker-01")
    clock.set_wall_clock(3600)
    assert ids(monitoring.get_active_workers()) == ["worker-01"]
    assert monitoring.get_stale_workers() == []
    assert monitoring.get_queue_metrics()["active_workers"] == 1


def test_a_wall_clock_set_back_hides_no_silence(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """A worker that has been silent for ten minutes is stale although its beat lies in the future."""
    monitoring.register_worker("worker-01")
    clock.set_wall_clock(-3600)
    clock.advance(600)
    assert ids(monitoring.get_stale_workers()) == ["worker-01"]
    assert monitoring.get_active_workers() == []


@pytest.mark.parametrize("threshold", [-1, -0.001, float("nan"), float("inf"), float("-inf"), 10**20])
@pytest.mark.parametrize("verb", ["get_active_workers", "get_stale_workers"])
def test_a_threshold_that_is_no_span_of_time_is_a_value_error(
    monitoring: QueueMonitoring, verb: str, threshold: float
) -> None:
    """The message names the argument."""
    with pytest.raises(ValueError, match="threshold_seconds"):
        getattr(monitoring, verb)(threshold)


@pytest.mark.parametrize("threshold", [True, "60", None, timedelta(seconds=60)])
@pytest.mark.parametrize("verb", ["get_active_workers", "get_stale_workers"])
def test_a_threshold_that_is_no_number_is_a_type_error(
    monitoring: QueueMonitoring, verb: str, threshold: object
) -> None:
    """True is not one second."""
    with pytest.raises(TypeError, match="threshold_seconds"):
        getattr(monitoring, verb)(threshold)
