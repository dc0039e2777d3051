"""The registry of workers: who there is, how old the last beat is, what each is doing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from musterq.models import Worker, WorkerFacts
from musterq.records import Pulse
from musterq.storage.base import Storage
from tests.storage.making import FACTS, put, status, take, take_one
from tests.support import MovableClock


def names(workers: Iterable[Worker]) -> list[str]:
    return [worker.worker_id for worker in workers]


def test_a_registered_worker_is_there(storage: Storage, clock: MovableClock):
    storage.register("worker-1", '{"cpu": 8, "gpu": true}')
    worker = storage.worker("worker-1")
    assert worker is not None
    assert (worker.worker_id, worker.capabilities) == ("worker-1", '{"cpu": 8, "gpu": true}')
    assert worker.heartbeat_utc == clock.now()
    assert storage.worker("worker-2") is None


def test_registering_again_replaces_and_beats(storage: Storage, clock: MovableClock):
    storage.register("worker-1", '{"cpu": 8}')
    clock.advance(30)
    storage.register("worker-1", '{"cpu": 4}')
    worker = storage.worker("worker-1")
    assert worker is not None
    assert (worker.capabilities, worker.heartbeat_utc) == ('{"cpu": 4}', clock.now())
    assert len(storage.workers()) == 1


def test_a_beat_is_noted(storage: Storage, clock: MovableClock):
    storage.register("worker-1", "{}")
    clock.advance(30)
    assert storage.heartbeat("worker-1")
    worker = storage.worker("worker-1")
    assert worker is not None
    assert worker.heartbeat_utc == clock.now()


def test_a_beat_of_nobody_is_told_so(storage: Storage):
    assert not storage.heartbeat("worker-1")
    assert storage.workers() == []


def test_workers_are_listed_by_id(storage: Storage):
    for worker_id in ("c", "a", "b"):
        storage.register(worker_id, "{}")
    assert names(storage.workers()) == ["a", "b", "c"]


def test_active_and_stale_are_told_by_age(storage: Storage, clock: MovableClock):
    """Exactly the threshold is active and not stale; the newest beat first, the stale ones oldest first."""
    for worker_id in ("oldest", "older", "newest"):
        storage.register(worker_id, "{}")
        clock.advance(10)
    assert names(storage.active_workers(20)) == ["newest", "older"]
    assert names(storage.stale_workers(10)) == ["oldest", "older"]
    assert names(storage.stale_workers(30)) == []
    assert names(storage.stale_workers(29.999)) == ["oldest"]


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_wall_clock_that_is_set_makes_nobody_older(storage: Storage, clock: MovableClock, step: int):
    storage.register("worker-1", "{}")
    clock.advance(10)
    clock.set_wall_clock(step)
    assert names(storage.active_workers(10)) == ["worker-1"]
    assert names(storage.stale_workers(9)) == ["worker-1"]


def test_a_beat_by_plain_sql_is_judged_by_its_text(storage: Storage, clock: MovableClock):
    storage.register("worker-1", "{}")
    storage.execute("UPDATE workers SET heartbeat_utc = ?", (clock.text(-120),))
    assert names(storage.active_workers(119)) == []
    assert names(storage.active_workers(120)) == ["worker-1"]
    assert storage.worker_activity()[0].heartbeat_age_seconds == pytest.approx(120, abs=0.002)


def test_activity_tells_what_each_holds(storage: Storage, clock: MovableClock):
    for _ in range(3):
        put(storage)
    storage.register("idle", "{}")
    clock.advance(5)
    storage.register("busy", '{"cpu": 8}')
    take(storage, "busy", limit=3)
    busy, idle = storage.worker_activity()
    assert (busy.worker_id, busy.status, busy.tasks_in_flight) == ("busy", "busy", 3)
    assert (busy.capabilities, busy.heartbeat_age_seconds) == ('{"cpu": 8}', 0)
    assert (idle.worker_id, idle.status, idle.tasks_in_flight, idle.heartbeat_age_seconds) == ("idle", "idle", 0, 5)


def test_activity_ages_in_words(storage: Storage, clock: MovableClock):
    storage.register("worker-1", "{}")
    seen = []
    for seconds in (60, 1, 239, 1):
        clock.advance(seconds)
        seen.append(storage.worker_activity()[0].status)
    assert seen == ["idle", "late", "late", "stale"]


def test_a_worker_process_tells_of_itself(storage: Storage):
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    (activity,) = storage.worker_activity()
    assert (activity.status, activity.host, activity.pid) == ("starting", "host-1", 4711)
    for state, shown in [("idle", "idle"), ("draining", "draining")]:
        storage.heartbeat("worker-1", Pulse(state=state, reason="so", since=storage.clock.time()))
        assert storage.worker_activity()[0].status == shown
    lock.release()


def test_registering_by_api_keeps_what_the_process_told(storage: Storage):
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    storage.register("worker-1", '{"cpu": 8}')
    (activity,) = storage.worker_activity()
    assert (activity.host, activity.pid, activity.capabilities) == ("host-1", 4711, '{"cpu": 8}')
    lock.release(forgotten=False)
    assert storage.worker_activity()[0].status == "lost"


def test_removing_a_worker_gives_its_tasks_back(storage: Storage):
    """At once: it has no liveness lock, so nothing tells that it is alive."""
    by_beat, by_lease = put(storage), put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    take_one(storage, lease_seconds=600)
    assert storage.remove_worker("worker-1")
    assert (status(storage, by_beat), status(storage, by_lease)) == ("queued", "queued")
    assert storage.workers() == []


def test_removing_nobody_is_told_so(storage: Storage):
    storage.register("worker-1", "{}")
    assert not storage.remove_worker("worker-2")
    assert storage.remove_worker("worker-1")
    assert not storage.remove_worker("worker-1")


def test_a_removed_worker_can_come_back(storage: Storage):
    """As a new one: nothing of the old process is known of it."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    lock.release()
    storage.remove_worker("worker-1")
    storage.register("worker-1", "{}")
    (activity,) = storage.worker_activity()
    assert (activity.status, activity.host, activity.pid) == ("idle", None, None)


def test_who_takes_over_a_dead_workers_id_rescues_its_tasks_first(storage: Storage):
    """A worker process holds the lock of its id when it registers, so its forerunner is certainly dead."""
    task_id = put(storage)
    storage.register("worker-1", "{}", FACTS)
    take_one(storage, lease_seconds=None)
    storage.register("worker-1", "{}", FACTS)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.attempts, task.crashes) == ("queued", 0, 1)


def test_a_removal_by_plain_sql_is_undone_by_who_takes_over(storage: Storage):
    """The lease that the removal gave must not outlive the dead worker that it was for."""
    task_id = put(storage)
    storage.register("worker-1", "{}", FACTS)
    take_one(storage, lease_seconds=None)
    storage.execute("DELETE FROM workers")
    storage.register("worker-1", "{}", FACTS)
    assert status(storage, task_id) == "queued"


def test_a_removal_by_plain_sql_leaves_the_lease_that_the_worker_had(storage: Storage, clock: MovableClock):
    put(storage)
    storage.register("worker-1", "{}", WorkerFacts(host="h", pid=1, lease_seconds=3600))
    claim = take_one(storage, lease_seconds=None)
    storage.execute("DELETE FROM workers")
    task = storage.get(claim.task_id)
    assert task is not None
    assert task.lease_until_utc is not None
    assert (task.lease_until_utc - datetime.now(UTC)).total_seconds() > 3500


def test_stale_workers_are_removed_together(storage: Storage, clock: MovableClock):
    """Those whose beat is older than this, with what they held; who they were, by id."""
    for worker in ("c", "a", "b"):
        storage.register(worker, "{}")
    task = put(storage)
    take_one(storage, "a", lease_seconds=None)
    clock.advance(600)
    assert storage.remove_stale(600) == []
    clock.advance(0.001)
    storage.heartbeat("b")
    assert storage.remove_stale(600) == ["a", "c"]
    assert names(storage.workers()) == ["b"]
    assert status(storage, task) == "queued"
    assert storage.remove_stale(600) == []


def test_a_stale_worker_that_lives_keeps_what_it_runs(storage: Storage, clock: MovableClock):
    """As with remove_worker: its tasks come back when its lease is over, so that nothing runs twice."""
    lock = storage.liveness_lock("frozen")
    storage.register("frozen", "{}", FACTS)
    task = put(storage)
    take_one(storage, "frozen", lease_seconds=None)
    clock.advance(59)
    assert storage.remove_stale(58) == ["frozen"]
    assert status(storage, task) == "processing"
    clock.advance(2)
    storage.rescue_expired()
    assert status(storage, task) == "queued"
    lock.release()
