"""What waits and no worker could take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from musterq.models import WorkerFacts
from musterq.observations import Miss
from musterq.records import Pulse
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import put, take, take_one
from tests.support import MovableClock

GPU = '{"gpu": true}'


def facts(*types: str) -> WorkerFacts:
    """Of a process that handles these types only."""
    return WorkerFacts(host="host-1", pid=4711, beat_seconds=10.0, types=types)


def reasons(storage: Storage) -> dict[tuple[str, str], str]:
    return {(lane.type, lane.compatibility): lane.shortfall.reason for lane in storage.unservable()}


def test_an_empty_queue_has_none(storage: Storage):
    assert storage.unservable() == []
    assert storage.unservable_tasks() == 0


def test_without_a_worker_all_that_waits_is_unservable(storage: Storage):
    """By type and compatibility, with how many tasks there are of each."""
    put(storage)
    put(storage)
    put(storage, compatibility=GPU)
    found = {(lane.type, lane.compatibility): lane.waiting for lane in storage.unservable()}
    assert found == {("mail", "{}"): 2, ("mail", GPU): 1}
    assert storage.unservable_tasks() == 3
    assert set(reasons(storage).values()) == {"no worker is alive"}


def test_what_a_worker_can_take_is_not_among_it(storage: Storage):
    put(storage)
    put(storage, compatibility=GPU)
    storage.register("worker-1", "{}")
    assert reasons(storage) == {("mail", GPU): "1 worker lacks gpu"}
    assert storage.unservable_tasks() == 1
    storage.register("worker-1", GPU)
    assert storage.unservable() == []
    assert storage.unservable_tasks() == 0


def test_the_nearest_miss_comes_with_its_facts(storage: Storage):
    put(storage, compatibility=json.dumps({"memory_gb": {"min": 32}}))
    storage.register("worker-1", '{"memory_gb": 16}')
    storage.register("worker-2", '{"memory_gb": 16}')
    (lane,) = storage.unservable()
    assert lane.shortfall.reason == "2 workers have memory_gb 16, min 32 is asked"
    assert lane.shortfall.misses == (Miss(workers=2, lacks={"memory_gb": {"min": 32}}, has={"memory_gb": [16]}),)


def test_a_type_that_nobody_handles(storage: Storage):
    """A worker that was registered by API handles every type, as far as is known."""
    put(storage, "video")
    storage.register("worker-1", "{}", facts("mail", "report"))
    assert reasons(storage) == {("video", "{}"): 'no worker handles type "video"'}
    storage.register("by-api", "{}")
    assert storage.unservable() == []


def test_a_busy_worker_can_take_it_later(storage: Storage):
    put(storage)
    put(storage)
    take_one(storage)
    assert storage.unservable() == []


@pytest.mark.parametrize("state", ["draining", "wedged"])
def test_a_worker_that_takes_nothing_does_not_count(storage: Storage, clock: MovableClock, state: str):
    put(storage)
    storage.register("worker-1", "{}", facts("mail"))
    assert storage.unservable() == []
    storage.heartbeat("worker-1", Pulse(state=state, reason="because of that", since=clock.time()))
    assert storage.unservable_tasks() == 1
    assert reasons(storage) == {
        ("mail", "{}"): f"no worker takes tasks; of those that could take it, 1 is {state}",
    }
    storage.heartbeat("worker-1", Pulse(state="idle", reason="it holds no task", since=clock.time()))
    assert storage.unservable() == []


def test_a_silent_worker_does_not_count(storage: Storage, clock: MovableClock):
    """One whose process lives is suspended, one without a lock late."""
    put(storage)
    storage.register("worker-1", "{}", facts("mail"))
    storage.register("by-api", "{}")
    clock.advance(61)
    (reason,) = reasons(storage).values()
    assert reason == "no worker takes tasks; of those that could take it, 1 is late and 1 is suspended"


def test_a_dead_worker_does_not_count(storage: Storage):
    """From the moment on at which its lock is free."""
    put(storage)
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", facts("mail"))
    assert storage.unservable_tasks() == 0
    lock.release(forgotten=False)
    assert storage.unservable_tasks() == 1
    assert reasons(storage) == {("mail", "{}"): "no worker is alive; of those that could take it, 1 is lost"}


def test_a_paused_type_is_paused_and_not_unservable(storage: Storage):
    put(storage)
    storage.pause("mail")
    assert storage.unservable() == []
    storage.resume("mail")
    assert storage.unservable_tasks() == 1


def test_what_is_scheduled_or_over_does_not_wait(storage: Storage, clock: MovableClock):
    put(storage, run_after=clock.now().replace(year=2100))
    task = put(storage)
    storage.cancel(task)
    assert storage.unservable() == []


@pytest.mark.parametrize("nonsense", ["no JSON", "[]", '{"gpu": {"more": 1}}'])
def test_what_no_worker_can_know_is_unservable(storage: Storage, sql: PlainSQL, nonsense: str):
    """Plain SQL put it in."""
    storage.register("worker-1", GPU)
    sql.execute("INSERT INTO task_queue (type, payload, compatibility) VALUES ('mail', '{}', ?)", (nonsense,))
    (lane,) = storage.unservable()
    assert (lane.compatibility, lane.waiting, storage.unservable_tasks()) == (nonsense, 1, 1)
    assert lane.shortfall.reason.startswith("no worker can know what it asks for")


def test_a_type_that_is_no_text_is_told_as_text(storage: Storage, sql: PlainSQL):
    sql.execute("INSERT INTO task_queue (type, payload, compatibility) VALUES (x'ff6d', '{}', x'7b7d')")
    (lane,) = storage.unservable()
    assert (lane.type, lane.compatibility) == ("\N{REPLACEMENT CHARACTER}m", "{}")


def test_the_age_is_that_of_the_longest_waiting_task_of_the_lane(storage: Storage, clock: MovableClock):
    """Since it came due, where it was delayed; the lane that has waited longest comes first."""
    put(storage, "late", run_after=clock.now().replace(microsecond=0))
    put(storage, "mail")
    clock.advance(30)
    put(storage, "mail")
    put(storage, "report")
    clock.advance(10)
    assert [(lane.type, lane.oldest_age_seconds) for lane in storage.unservable()][-1] == ("report", 10.0)
    assert {lane.type: lane.oldest_age_seconds for lane in storage.unservable()}["mail"] == 40.0


def test_a_task_that_came_back_waits_since_it_did(storage: Storage, clock: MovableClock):
    """Its id alone does not tell how long it waits."""
    put(storage, run_after=clock.now().replace(year=2100))
    storage.execute("UPDATE task_queue SET status = 'queued', due_at_utc = ?", (clock.text(-5),))
    (lane,) = storage.unservable()
    assert lane.oldest_age_seconds == 5.0


def test_changes_of_workers_and_lanes_are_seen(storage: Storage, other: Storage):
    """What was decided before does not stand in the way, whoever changes it."""
    put(storage, compatibility=GPU)
    storage.register("worker-1", "{}")
    assert storage.unservable_tasks() == 1
    other.register("worker-2", GPU)
    assert storage.unservable() == []
    put(other, "video", compatibility='{"gpu": {"not": true}, "cpu": {"min": 2}}')
    (reason,) = reasons(storage).values()
    assert reason == "1 worker lacks cpu (min 2 is asked)"
    other.remove_worker("worker-2")
    assert {type for type, _ in reasons(storage)} == {"mail", "video"}
    other.remove_worker("worker-1")
    assert set(reasons(storage).values()) == {"no worker is alive"}


def test_it_agrees_with_what_workers_can_claim(storage: Storage):
    """Lanes and workers of every kind: unservable is what none of them may claim."""
    asked: list[dict[str, Any]] = [
        {},
        {"gpu": True},
        {"cpu": {"min": 4}},
        {"zone": ["eu", "us"]},
        {"zone": {"not": "eu"}},
    ]
    for type in ("mail", "video"):
        for compatibility in asked:
            put(storage, type, compatibility=json.dumps(compatibility))
    kinds = {"w1": ('{"cpu": 2, "zone": "eu"}', ("mail",)), "w2": ('{"cpu": 8, "zone": "eu"}', ("video",))}
    for worker, (capabilities, types) in kinds.items():
        storage.register(worker, capabilities, facts(*types))
    unservable = {(lane.type, lane.compatibility) for lane in storage.unservable()}
    claimed = set()
    for worker, (_, types) in kinds.items():
        for claim in take(storage, worker, limit=100, types=frozenset(types)):
            claimed.add((claim.type, claim.compatibility))
    assert claimed.isdisjoint(unservable)
    assert len(claimed) + len(unservable) == 2 * len(asked)


def test_within_a_transaction_it_sees_what_the_transaction_did(storage: Storage):
    with storage.transaction():
        put(storage)
        assert storage.unservable_tasks() == 1
        storage.register("worker-1", "{}")
        assert storage.unservable() == []
