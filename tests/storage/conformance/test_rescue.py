"""Giving back what is held by nobody who is alive."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.errors import WorkerIdTakenError
from musterq.models import ClaimRequest, Rescued, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import FACTS, end, put, status, take, take_one, taken
from tests.support import MovableClock

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_worker(storage: Storage) -> Iterator[Start]:
    """Start a worker process that holds tasks; it is dead at the end of the test in any case."""
    started: list[subprocess.Popen[str]] = []

    def start(worker_id: str, limit: int = 1) -> subprocess.Popen[str]:
        program = Path(__file__).with_name("dying_worker.py")
        process = subprocess.Popen(
            [sys.executable, program, storage.location, worker_id, str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def held_by(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


# -- leases ------------------------------------------------------------------------------------------
def test_nothing_to_rescue(storage: Storage):
    put(storage)
    take_one(storage)
    assert storage.rescue_expired() == Rescued()


def test_a_lease_that_is_over_brings_the_task_back(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    clock.advance(59.999)
    assert storage.rescue_expired() == Rescued()
    clock.advance(0.002)
    assert storage.rescue_expired().queued == (task_id,)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.locked_by, task.lease_until_utc, task.processing_started_utc) == (
        "queued",
        None,
        None,
        None,
    )


def test_the_next_claim_brings_it_back_too(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    clock.advance(61)
    assert taken(take(storage, "worker-2")) == [task_id]


def test_a_lease_is_not_over_because_the_wall_clock_was_set_forward(storage: Storage, clock: MovableClock):
    put(storage)
    take_one(storage, lease_seconds=60)
    clock.set_wall_clock(3600)
    assert storage.rescue_expired() == Rescued()
    assert take(storage, "worker-2") == []


def test_a_lease_is_over_although_the_wall_clock_was_set_back(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    clock.set_wall_clock(-3600)
    clock.advance(61)
    assert storage.rescue_expired().queued == (task_id,)


def test_a_rescued_task_keeps_its_place(storage: Storage, clock: MovableClock):
    first, second = put(storage), put(storage)
    take_one(storage)
    clock.advance(61)
    assert taken(take(storage, "worker-2", limit=2)) == [first, second]


# -- heartbeats --------------------------------------------------------------------------------------
def test_a_worker_without_a_beat_for_its_lease_loses_its_tasks(storage: Storage, clock: MovableClock):
    """Those that are held under its heartbeat; exactly the lease is still in time."""
    task_id = put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    clock.advance(60)
    assert storage.rescue_expired() == Rescued()
    clock.advance(0.001)
    assert storage.rescue_expired().queued == (task_id,)


def test_a_beat_keeps_all_that_a_worker_holds(storage: Storage, clock: MovableClock):
    for _ in range(3):
        put(storage)
    storage.register("worker-1", "{}")
    take(storage, limit=3, lease_seconds=None)
    for _ in range(5):
        clock.advance(50)
        assert storage.heartbeat("worker-1")
        assert storage.rescue_expired() == Rescued()


def test_a_beat_is_not_missed_because_the_wall_clock_was_set_forward(storage: Storage, clock: MovableClock):
    put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    clock.set_wall_clock(3600)
    assert storage.rescue_expired() == Rescued()


def test_a_silent_worker_keeps_what_it_holds_under_longer_leases(storage: Storage, clock: MovableClock):
    own, beating = put(storage), put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=600)
    take_one(storage, lease_seconds=None)
    clock.advance(61)
    assert storage.rescue_expired().queued == (beating,)
    assert status(storage, own) == "processing"


# -- liveness locks ----------------------------------------------------------------------------------
def test_a_killed_workers_tasks_come_back_at_once(storage: Storage, start_worker: Start):
    """However fresh its beat and whatever it was doing: its lock is free, so it is dead."""
    ids = [put(storage) for _ in range(3)]
    process = start_worker("worker-1", 3)
    assert held_by(process) == ids
    assert storage.rescue_expired() == Rescued()
    process.kill()
    process.wait()
    assert storage.rescue_expired().queued == tuple(ids)
    assert [activity.status for activity in storage.worker_activity()] == ["lost"]


def test_a_living_workers_tasks_stay(storage: Storage, start_worker: Start):
    task_id = put(storage)
    process = start_worker("worker/../1")
    assert held_by(process) == [task_id]
    assert storage.rescue_expired() == Rescued()
    assert [worker.worker_id for worker in storage.active_workers(60)] == ["worker/../1"]


def test_a_dead_worker_is_not_active_however_fresh_its_beat(storage: Storage, start_worker: Start):
    process = start_worker("worker-1")
    held_by(process)
    process.kill()
    process.wait()
    assert (storage.active_workers(60), storage.metrics().active_workers) == ([], 0)
    assert [worker.worker_id for worker in storage.workers()] == ["worker-1"]


def test_two_live_processes_cannot_have_one_worker_id(storage: Storage, start_worker: Start):
    process = start_worker("worker-1")
    held_by(process)
    with pytest.raises(WorkerIdTakenError, match="worker-1"):
        storage.liveness_lock("worker-1")
    process.kill()
    process.wait()
    storage.liveness_lock("worker-1").release()


def test_a_removed_worker_that_is_alive_keeps_its_tasks_for_its_lease(
    storage: Storage, clock: MovableClock, start_worker: Start
):
    """So that nothing runs twice; it is told by its next beat, which finds no row."""
    task_id = put(storage)
    held_by(start_worker("worker-1"))
    assert storage.remove_worker("worker-1")
    assert status(storage, task_id) == "processing"
    assert not storage.heartbeat("worker-1")
    clock.advance(30)
    assert storage.rescue_expired() == Rescued()
    clock.advance(31)
    assert storage.rescue_expired().queued == (task_id,)


def test_a_removed_worker_that_is_dead_loses_its_tasks_at_once(storage: Storage, start_worker: Start):
    task_id = put(storage)
    process = start_worker("worker-1")
    held_by(process)
    process.kill()
    process.wait()
    assert storage.remove_worker("worker-1")
    assert status(storage, task_id) == "queued"


def test_a_lock_of_this_process_is_held_until_it_is_released(storage: Storage, other: Storage):
    lock = storage.liveness_lock("worker-1")
    with pytest.raises(WorkerIdTakenError):
        other.liveness_lock("worker-1")
    lock.release()
    lock.release()
    other.liveness_lock("worker-1").release()


def test_a_worker_that_holds_its_lock_is_suspended_not_lost(storage: Storage, clock: MovableClock):
    """It is alive; its beats are missing for longer than its lease, so its tasks go to somebody else."""
    task_id = put(storage)
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    take_one(storage, lease_seconds=None)
    clock.advance(61)
    assert [activity.status for activity in storage.worker_activity()] == ["suspended"]
    assert storage.rescue_expired().queued == (task_id,)
    lock.release()


# -- nobody at all -----------------------------------------------------------------------------------
def test_a_task_that_nobody_registered_holds_comes_back_after_a_lease(storage: Storage, clock: MovableClock):
    """As plain SQL may have left it."""
    task_id = put(storage)
    sql = "UPDATE task_queue SET status = 'processing', locked_by = 'nobody', updated_at_utc = ?"
    storage.execute(sql, (clock.text(),))
    clock.advance(59)
    assert storage.rescue_expired() == Rescued()
    clock.advance(2)
    assert storage.rescue_expired().queued == (task_id,)


def test_a_worker_deleted_by_plain_sql_loses_its_tasks_after_a_lease(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    storage.execute("DELETE FROM workers")
    assert storage.rescue_expired() == Rescued()
    clock.advance(65)
    assert storage.rescue_expired().queued == (task_id,)


def test_a_worker_that_was_removed_claims_nothing_more(storage: Storage):
    put(storage)
    storage.register("worker-1", "{}")
    storage.remove_worker("worker-1")
    assert storage.claim(ClaimRequest(worker_id="worker-1", lease_seconds=None, register_unknown=False)) == []


# -- budgets -----------------------------------------------------------------------------------------
def lose(storage: Storage, clock: MovableClock) -> Rescued:
    take_one(storage, lease_seconds=10)
    clock.advance(11)
    return storage.rescue_expired()


def test_a_crash_is_counted_and_the_attempt_given_back(storage: Storage, clock: MovableClock):
    """Errors and crashes have budgets of their own."""
    task_id = put(storage, max_attempts=1)
    lose(storage, clock)
    lose(storage, clock)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.attempts, task.crashes) == ("queued", 0, 2)


def test_a_task_over_its_crash_budget_fails(storage: Storage, clock: MovableClock):
    task_id = put(storage, max_crashes=2)
    assert lose(storage, clock) == Rescued(queued=(task_id,))
    assert lose(storage, clock) == Rescued(failed=(task_id,))
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.crashes, task.finished_at_utc) == ("failed", 2, clock.now())
    assert "worker lost" in (task.error_message or "")
    assert "worker-1" in (task.error_message or "")


def test_a_released_task_is_charged_no_crash(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    end(storage, take_one(storage), TaskStatus.QUEUED)
    task = storage.get(task_id)
    assert task is not None
    assert task.crashes == 0


def test_each_lost_attempt_has_a_row(storage: Storage, clock: MovableClock):
    put(storage)
    lose(storage, clock)
    (row,) = storage.execute("SELECT attempt, worker_id, outcome, error FROM task_attempts").fetchall()
    assert tuple(row)[:3] == (1, "worker-1", "lost")
    assert "lease" in row[3]


def test_many_are_rescued_together(storage: Storage, clock: MovableClock):
    ids = [put(storage, max_crashes=1 if n % 3 == 0 else 3) for n in range(30)]
    cancelled = ids[1::3]
    take(storage, limit=30)
    for task_id in cancelled:
        storage.cancel(task_id)
    clock.advance(61)
    rescued = storage.rescue_expired()
    assert rescued == Rescued(queued=tuple(ids[2::3]), failed=tuple(ids[::3]), cancelled=tuple(cancelled))


def test_what_was_claimed_ahead_is_not_charged_for_a_crash(storage: Storage, clock: MovableClock):
    """Only what had begun is a suspect; the claim is told later which of its stock has."""
    ids = [put(storage) for _ in range(3)]
    storage.register("worker-1", "{}")
    claims = take(storage, lease_seconds=None, limit=1, ahead=2)
    assert [(claim.task_id, claim.started) for claim in claims] == [(ids[0], True), (ids[1], False), (ids[2], False)]
    storage.exchange((), None, begun=claims[1:2])
    clock.advance(61)
    assert storage.rescue_expired().queued == tuple(ids)
    crashes = [task.crashes for task in (storage.get(task_id) for task_id in ids) if task is not None]
    assert crashes == [1, 1, 0]


def test_nothing_is_claimed_ahead_of_an_idle_worker(storage: Storage):
    """Stock is taken only where there is more than the worker begins at once."""
    put(storage)
    assert [claim.started for claim in take(storage, lease_seconds=60, limit=2, ahead=5)] == [True]
