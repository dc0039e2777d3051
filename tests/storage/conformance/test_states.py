"""What a worker is doing: in one word, why, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.models import WorkerActivity, WorkerFacts
from musterq.records import Pulse
from musterq.storage.base import LivenessLock, Storage
from tests.storage.making import FACTS, end, put, take, take_one
from tests.support import MovableClock

BEATING = WorkerFacts(host="host-1", pid=4711, beat_seconds=10.0)


@pytest.fixture
def lock(storage: Storage) -> Iterator[LivenessLock]:
    """A worker process that beats every 10 seconds."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", BEATING)
    yield lock
    lock.release()


def seen(storage: Storage) -> WorkerActivity:
    (activity,) = storage.worker_activity()
    return activity


def beat(storage: Storage, clock: MovableClock, state: str = "idle", reason: str = "it holds no task") -> None:
    assert storage.heartbeat("worker-1", Pulse(state=state, reason=reason, since=clock.time()))


def test_it_starts_when_it_registers(storage: Storage, clock: MovableClock, lock: LivenessLock):
    registered = clock.text()
    clock.advance(5)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("starting", registered)
    assert seen(storage).status_reason


def test_it_is_idle_since_it_said_so(storage: Storage, clock: MovableClock, lock: LivenessLock):
    beat(storage, clock)
    since = clock.text()
    pulse = Pulse(state="idle", reason="it holds no task", since=clock.time())
    clock.advance(10)
    storage.heartbeat("worker-1", pulse)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("idle", since)


def test_it_is_busy_since_the_oldest_task_that_it_holds(storage: Storage, clock: MovableClock, lock: LivenessLock):
    """Whatever it said last: it says something only now and then."""
    beat(storage, clock)
    for _ in range(2):
        put(storage)
    first = take_one(storage, lease_seconds=None)
    since = clock.text()
    clock.advance(5)
    take_one(storage, lease_seconds=600)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("busy", since)
    assert "2 tasks" in seen(storage).status_reason
    end(storage, first)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("busy", clock.text())
    assert "1 task" in seen(storage).status_reason


@pytest.mark.parametrize("state", ["draining", "wedged"])
def test_it_says_itself_that_it_leaves_or_is_stuck(
    storage: Storage, clock: MovableClock, lock: LivenessLock, state: str
):
    """With its reason, although it holds tasks."""
    put(storage)
    take_one(storage, lease_seconds=None)
    beat(storage, clock, state, "because of that")
    activity = seen(storage)
    assert (activity.status, activity.status_reason, activity.status_since_utc) == (
        state,
        "because of that",
        clock.text(),
    )


def test_it_is_suspended_when_three_beats_are_missing(storage: Storage, clock: MovableClock, lock: LivenessLock):
    """It holds its lock, so its process lives; since its last beat nothing is known of it."""
    beat(storage, clock)
    since = clock.text()
    clock.advance(30)
    assert seen(storage).status == "idle"
    clock.advance(0.001)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("suspended", since)
    assert "lives" in seen(storage).status_reason
    beat(storage, clock)
    assert seen(storage).status == "idle"


def test_it_is_suspended_although_it_said_that_it_leaves(storage: Storage, clock: MovableClock, lock: LivenessLock):
    """What it said last is old."""
    beat(storage, clock, "draining", "it is to end")
    clock.advance(31)
    assert seen(storage).status == "suspended"


def test_beats_that_come_fast_may_be_late_for_some_seconds(storage: Storage, clock: MovableClock):
    """A busy machine suspends nobody."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", WorkerFacts(host="h", pid=1, beat_seconds=0.05))
    clock.advance(3)
    assert seen(storage).status == "starting"
    clock.advance(0.001)
    assert seen(storage).status == "suspended"
    lock.release()


def test_it_is_lost_when_its_lock_is_free(storage: Storage, clock: MovableClock, lock: LivenessLock):
    """Before anybody has marked it, since its last beat; from then on, since it was found."""
    beat(storage, clock)
    beaten = clock.text()
    clock.advance(2)
    lock.release(forgotten=False)
    assert (seen(storage).status, seen(storage).status_since_utc) == ("lost", beaten)
    storage.rescue_expired()
    assert (seen(storage).status, seen(storage).status_since_utc) == ("lost", clock.text())
    assert "died" in seen(storage).status_reason


def test_a_marked_worker_is_dead_although_its_lock_file_is_gone(storage: Storage, lock: LivenessLock, tmp_path: Path):
    """Somebody cleaned up; it is in the list, and never active."""
    lock.release(forgotten=False)
    storage.rescue_expired()
    for file in tmp_path.glob("queue.db-workers/*"):
        file.unlink()
    assert seen(storage).status == "lost"
    assert (storage.active_workers(60), storage.metrics().active_workers) == ([], 0)
    assert (storage.metrics().total_workers, len(storage.workers())) == (1, 1)


def test_a_lost_worker_ages_into_the_stale_ones(storage: Storage, clock: MovableClock, lock: LivenessLock):
    """So that the alarm that watches these still rings."""
    lock.release(forgotten=False)
    storage.rescue_expired()
    clock.advance(301)
    assert [worker.worker_id for worker in storage.stale_workers(300)] == ["worker-1"]
    assert seen(storage).status == "lost"


def test_a_new_process_of_its_id_clears_the_mark(storage: Storage, clock: MovableClock, lock: LivenessLock):
    lock.release(forgotten=False)
    storage.rescue_expired()
    again = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    assert seen(storage).status == "starting"
    assert [worker.worker_id for worker in storage.active_workers(60)] == ["worker-1"]
    again.release()


def test_whoever_registers_its_id_by_api_is_a_new_worker(storage: Storage, lock: LivenessLock):
    """One without a lock; what the dead process held comes back first."""
    task_id = put(storage)
    claim = take_one(storage, lease_seconds=None)
    lock.begin(0, claim.claim_token)
    lock.release(forgotten=False)
    storage.register("worker-1", "{}")
    assert (seen(storage).status, seen(storage).pid) == ("idle", None)
    assert [worker.worker_id for worker in storage.active_workers(60)] == ["worker-1"]
    assert [(entry.task_id, entry.reason, entry.pid) for entry in storage.ledger(10)] == [(task_id, "lock free", 4711)]


def test_by_age_alone_where_no_lock_tells(storage: Storage, clock: MovableClock):
    storage.register("worker-1", "{}")
    since = clock.text()
    told = []
    for seconds in (60, 1, 239, 1):
        clock.advance(seconds)
        told.append((seen(storage).status, seen(storage).status_since_utc))
    assert told == [("idle", since), ("late", since), ("late", since), ("stale", since)]
    assert "no beat for 301 s" in seen(storage).status_reason


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_step_of_the_wall_clock_changes_nobodys_state(
    storage: Storage, clock: MovableClock, lock: LivenessLock, step: int
):
    """Neither with a lock nor without; nothing is taken from anybody, and nothing runs twice."""
    for _ in range(3):
        put(storage)
    storage.register("by-api", "{}")
    take(storage, "worker-1", lease_seconds=None)
    take(storage, "by-api", lease_seconds=None)
    take(storage, "by-api", lease_seconds=60)
    clock.set_wall_clock(step)
    clock.advance(29)
    assert storage.rescue_expired().queued == ()
    assert {activity.status for activity in storage.worker_activity()} == {"starting", "busy"}
    assert (len(storage.active_workers(60)), storage.stale_workers(300)) == (2, [])
    assert storage.ledger(10) == []


def test_what_is_read_of_one_moment_judges_a_worker_alike(storage: Storage, lock: LivenessLock):
    """Whether its process lives is asked once; the next moment sees that it died."""

    def statuses() -> list[str]:
        before = seen(storage).status
        lock.release(forgotten=False)
        return [before, storage.at_one_moment(lambda: seen(storage).status)]

    assert storage.at_one_moment(statuses) == ["starting", "starting"]
    assert storage.at_one_moment(lambda: seen(storage).status) == "lost"
