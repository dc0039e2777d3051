"""Schedules: written as they are defined, moved on by whoever is first, each tick once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from musterq.errors import QueueDatabaseError
from musterq.models import NewTask
from musterq.records import Schedule
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.support import MovableClock

TASK = NewTask(type="report", payload="{}")
MINUTE = timedelta(minutes=1)


def schedule(next_at: datetime, **facts: Any) -> Schedule:
    """A schedule that ticks every minute."""
    given: dict[str, Any] = {
        "name": "report",
        "type": "report",
        "timing": "* * * * *",
        "timezone": "UTC",
        "catch_up": "latest",
        "task": "{}",
    }
    return Schedule(**{**given, "next_at": next_at, **facts})


@pytest.fixture
def due(storage: Storage, clock: MovableClock) -> Schedule:
    """A schedule whose tick has come."""
    storage.save_schedule(schedule(clock.now()))
    (due,) = storage.due_schedules()
    return due


# -- as they are defined -------------------------------------------------------------------------
def test_a_schedule_is_kept_as_it_is_written(storage: Storage, clock: MovableClock):
    """It has not ticked yet, and is not paused."""
    written = schedule(clock.now() + MINUTE, timezone="Europe/Berlin", catch_up="all", task='{"type": "report"}')
    assert storage.save_schedule(written)
    assert storage.schedules() == [written]


def test_schedules_are_listed_by_name(storage: Storage, clock: MovableClock):
    """Whenever they tick."""
    for name in ("c", "a", "b"):
        storage.save_schedule(schedule(clock.now(), name=name))
    assert [each.name for each in storage.schedules()] == ["a", "b", "c"]


def test_the_same_schedule_again_changes_nothing(storage: Storage, clock: MovableClock):
    """So that a restart loses no tick."""
    written = schedule(clock.now() + MINUTE)
    storage.save_schedule(written)
    clock.advance(120)
    assert not storage.save_schedule(replace(written, next_at=clock.now() + MINUTE))
    assert storage.schedules() == [written]


@pytest.mark.parametrize("change", [{"timing": "0 * * * *"}, {"timezone": "Europe/Berlin"}])
def test_another_timing_moves_the_next_tick(storage: Storage, clock: MovableClock, change: dict[str, Any]):
    """The old one's is void."""
    storage.save_schedule(schedule(clock.now()))
    changed = schedule(clock.now() + 5 * MINUTE, **change)
    assert storage.save_schedule(changed)
    assert storage.schedules() == [changed]


@pytest.mark.parametrize("change", [{"task": '{"priority": 1}'}, {"catch_up": "all"}, {"type": "other"}])
def test_another_task_leaves_the_next_tick(storage: Storage, clock: MovableClock, change: dict[str, Any]):
    """A deploy that takes longer than a minute loses no tick."""
    storage.save_schedule(schedule(clock.now()))
    assert storage.save_schedule(schedule(clock.now() + 5 * MINUTE, **change))
    assert storage.schedules() == [schedule(clock.now(), **change)]


def test_a_change_ends_no_pause(storage: Storage, due: Schedule, clock: MovableClock):
    """Somebody wanted it."""
    storage.pause_schedule("report")
    storage.save_schedule(schedule(clock.now(), timing="0 * * * *"))
    assert [each.paused for each in storage.schedules()] == [True]


# -- ticks ---------------------------------------------------------------------------------------
def test_a_schedule_is_due_from_its_tick_on(storage: Storage, clock: MovableClock):
    """Not a millisecond before."""
    storage.save_schedule(schedule(clock.now() + MINUTE))
    clock.advance(59.999)
    assert storage.due_schedules() == []
    clock.advance(0.001)
    assert [each.name for each in storage.due_schedules()] == ["report"]


def test_the_longest_due_comes_first(storage: Storage, clock: MovableClock):
    """Whatever its name."""
    storage.save_schedule(schedule(clock.now() + MINUTE, name="a"))
    storage.save_schedule(schedule(clock.now(), name="b"))
    clock.advance(60)
    assert [each.name for each in storage.due_schedules()] == ["b", "a"]


def test_the_time_to_the_next_tick_is_known(storage: Storage, clock: MovableClock):
    """Of those that are not paused."""
    assert storage.seconds_to_next_tick() is None
    storage.save_schedule(schedule(clock.now() + MINUTE))
    storage.save_schedule(schedule(clock.now(), name="paused"))
    storage.pause_schedule("paused")
    assert storage.seconds_to_next_tick() == 60
    clock.advance(90)
    assert storage.seconds_to_next_tick() == 0


def test_a_tick_moves_the_schedule_on_and_enqueues(storage: Storage, due: Schedule, clock: MovableClock):
    """Several tasks where several ticks came."""
    clock.advance(1)
    made = storage.tick(due, clock.now() + MINUTE, [TASK, TASK])
    assert made is not None
    assert [storage.get(enqueued.id).status for enqueued in made] == ["queued", "queued"]  # type: ignore[union-attr]
    assert storage.schedules() == [replace(due, next_at=clock.now() + MINUTE, last_at=clock.now())]


def test_a_tick_that_was_skipped_enqueues_nothing(storage: Storage, due: Schedule, clock: MovableClock):
    """And is not the last one."""
    assert storage.tick(due, clock.now() + MINUTE, []) == []
    assert storage.schedules() == [replace(due, next_at=clock.now() + MINUTE)]


def test_the_second_to_tick_changes_nothing(storage: Storage, other: Storage, due: Schedule, clock: MovableClock):
    """He had read the schedule before the first one moved it."""
    assert storage.tick(due, clock.now() + MINUTE, [TASK])
    assert other.tick(due, clock.now() + 2 * MINUTE, [TASK]) is None
    assert storage.metrics().depth_by_status == {"queued": 1}
    assert [each.next_at for each in storage.schedules()] == [clock.now() + MINUTE]


def test_of_many_at_once_one_ticks(storage: Storage, other: Storage, due: Schedule, clock: MovableClock):
    """Of threads and of processes."""
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda turn: (storage, other)[turn % 2].tick(due, clock.now() + MINUTE, [TASK]), range(32)
        )
        assert sum(answer is not None for answer in answers) == 1
    assert storage.metrics().depth_by_status == {"queued": 1}


def test_a_tick_that_cannot_be_written_leaves_the_schedule(storage: Storage, due: Schedule, clock: MovableClock):
    """Both or none."""
    spoiled = NewTask(type="report", payload="{}", priority=None)  # type: ignore[arg-type]
    with pytest.raises(QueueDatabaseError):
        storage.tick(due, clock.now() + MINUTE, [TASK, spoiled])
    assert storage.schedules() == [due]
    assert storage.metrics().depth_by_status == {}


def test_a_clock_set_back_ticks_nothing_twice(storage: Storage, due: Schedule, clock: MovableClock):
    """The next tick stays where it was."""
    storage.tick(due, clock.now() + MINUTE, [TASK])
    clock.set_wall_clock(-3600)
    assert storage.due_schedules() == []
    clock.set_wall_clock(3660)
    assert len(storage.due_schedules()) == 1


# -- pauses and the end --------------------------------------------------------------------------
def test_a_paused_schedule_does_not_tick(storage: Storage, due: Schedule, clock: MovableClock):
    """Nor by who read it before the pause."""
    assert storage.pause_schedule("report")
    assert storage.due_schedules() == []
    assert storage.tick(due, clock.now() + MINUTE, [TASK]) is None


def test_a_resumed_schedule_ticks_from_then_on(storage: Storage, due: Schedule, clock: MovableClock):
    """What it would have done meanwhile is not done."""
    storage.pause_schedule("report")
    clock.advance(600)
    assert storage.resume_schedule("report", clock.now() + MINUTE)
    assert [(each.next_at, each.paused) for each in storage.schedules()] == [(clock.now() + MINUTE, False)]


def test_resuming_brings_no_tick_forward(storage: Storage, clock: MovableClock):
    """A clock may have been set back meanwhile."""
    storage.save_schedule(schedule(clock.now() + 5 * MINUTE))
    storage.pause_schedule("report")
    storage.resume_schedule("report", clock.now() + MINUTE)
    assert [each.next_at for each in storage.schedules()] == [clock.now() + 5 * MINUTE]


def test_a_removed_schedule_is_gone(storage: Storage, due: Schedule, clock: MovableClock):
    """Also for who had read it."""
    assert storage.remove_schedule("report")
    assert storage.schedules() == []
    assert storage.tick(due, clock.now() + MINUTE, [TASK]) is None


def test_what_is_not_there_is_told(storage: Storage, due: Schedule, clock: MovableClock):
    """By every verb that names a schedule."""
    assert not storage.pause_schedule("other")
    assert not storage.resume_schedule("other", clock.now())
    assert not storage.resume_schedule("report", clock.now())  # it is not paused
    assert not storage.remove_schedule("other")


@pytest.mark.parametrize("column", ["next_utc", "last_utc"])
@pytest.mark.parametrize("text", ["tomorrow", "2030-01-01T00:00:00Z", "2030-01-01", "now", 7])
def test_plain_sql_cannot_write_a_time_that_nobody_understands(
    storage: Storage, due: Schedule, sql: PlainSQL, column: str, text: Any
):
    """It is told at once, instead of stopping all schedules."""
    with pytest.raises(Exception, match=r"(?i)constraint|non-deterministic"):
        sql.execute(f"UPDATE schedules SET {column} = ?", [text])
    assert storage.schedules() == [due]
