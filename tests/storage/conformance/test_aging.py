"""Aging: with PRIORITY, a task that has waited for so long is next, whatever is more urgent."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musterq.models import SchedulingStrategy, TaskStatus
from musterq.records import TypeLimit
from musterq.storage.base import Storage
from tests.storage.engines import SQLITE, PlainSQL
from tests.storage.making import end, put, take, take_one, taken
from tests.support import MovableClock


def test_without_it_an_old_task_waits_for_the_urgent_ones(storage: Storage, clock: MovableClock):
    put(storage, priority=900)
    clock.advance(3600)
    urgent = put(storage, priority=1)
    assert taken(take(storage)) == [urgent]


def test_a_task_that_has_waited_for_so_long_is_next(storage: Storage, clock: MovableClock):
    old = put(storage, priority=900)
    clock.advance(59.9)
    urgent = put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [urgent]
    clock.advance(0.1)
    put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [old]


def test_the_longest_waiting_come_first_then_the_others_by_priority(storage: Storage, clock: MovableClock):
    """Across lanes, whatever the priorities of the old ones are."""
    old = [put(storage, type, priority=p) for type, p in (("mail", 900), ("video", 800), ("mail", 700))]
    clock.advance(60)
    calm, urgent = put(storage, priority=50), put(storage, priority=1)
    assert taken(take(storage, limit=9, max_wait_seconds=60)) == [*old, urgent, calm]


def test_a_delayed_task_waits_since_it_came_due(storage: Storage, clock: MovableClock):
    first = put(storage, priority=900)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="bad", retry_in_seconds=50)
    clock.advance(50)
    storage.promote(10)
    clock.advance(30)
    urgent = put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [urgent]
    clock.advance(30)
    put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [first]


def test_rows_of_plain_sql_wait_since_they_were_created(storage: Storage, sql: PlainSQL, clock: MovableClock):
    ((old,),) = sql.execute(
        "INSERT INTO task_queue (type, payload, priority, run_after_utc, created_at_utc) "
        "VALUES ('mail', '{}', 900, '2020-01-01', '2020-01-01') RETURNING id"
    )
    put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [old]


def test_a_limit_holds_for_old_tasks_too(storage: Storage, clock: MovableClock):
    old = [put(storage, "mail", priority=900) for _ in range(2)]
    storage.set_limit("mail", TypeLimit(max_running=1))
    clock.advance(60)
    urgent = put(storage, "video", priority=1)
    assert taken(take(storage, limit=9, max_wait_seconds=60)) == [old[0], urgent]


def test_old_tasks_that_can_never_run_stand_in_nobodys_way(storage: Storage, clock: MovableClock):
    for _ in range(3):
        put(storage, payload="{broken", priority=900)
    old = put(storage, priority=900)
    clock.advance(60)
    put(storage, priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [old]


def test_with_many_lanes_the_oldest_is_found_too(storage: Storage, clock: MovableClock):
    old = put(storage, "type-7", priority=900)
    clock.advance(60)
    for n in range(40):
        put(storage, f"type-{n}", priority=1)
    assert taken(take(storage, max_wait_seconds=60)) == [old]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([1, 100, 500, 1000]), st.sampled_from([0.5, 3.0, 11.0])), min_size=5, max_size=40
    ),
    patience=st.sampled_from([5.0, 20.0]),
)
def test_no_task_waits_longer_while_claims_go_on(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float]], patience: float
):
    """Any stream of tasks, one claim for each: what is taken is the oldest over its time, else the most urgent."""
    clock = MovableClock()
    storage = SQLITE.open(tmp_path_factory.mktemp("aging"), clock)
    storage.initialize_schema()
    waiting: dict[int, tuple[int, float]] = {}
    for priority, seconds in steps:
        for more in (0, 1):
            waiting[put(storage, priority=max(1, priority - more))] = (max(1, priority - more), clock.time())
        clock.advance(seconds)
        (claim,) = take(storage, max_wait_seconds=patience, strategy=SchedulingStrategy.PRIORITY)
        over = [task_id for task_id, (_, since) in waiting.items() if clock.time() - since >= patience]
        expected = min(over) if over else min(waiting, key=lambda task_id: (waiting[task_id][0], task_id))
        assert claim.task_id == expected
        end(storage, claim)
        del waiting[claim.task_id]
    storage.close()
