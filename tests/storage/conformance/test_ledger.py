"""The ledger: what was taken from whom and why, and the finishes that came too late."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from musterq.models import Claim, TaskStatus, WorkerFacts
from musterq.records import LedgerEntry
from musterq.storage.base import Storage
from tests.storage.making import FACTS, end, put, release, take, take_one
from tests.support import MovableClock


def only(storage: Storage) -> LedgerEntry:
    """The one entry that is expected."""
    (entry,) = storage.ledger(10)
    return entry


def a_dead_worker(storage: Storage, worker_id: str = "worker-1") -> None:
    """Its process told of itself, and its lock is free."""
    lock = storage.liveness_lock(worker_id)
    storage.register(worker_id, "{}", FACTS)
    lock.release(forgotten=False)


def hold(storage: Storage, worker_id: str = "worker-1", **wish: object) -> Claim:
    """A worker process takes a task under its heartbeat, and begins it."""
    lock = storage.liveness_lock(worker_id)
    storage.register(worker_id, "{}", FACTS)
    claim = take_one(storage, worker_id, lease_seconds=None, **wish)
    lock.begin(0, claim.claim_token)
    lock.release(forgotten=False)
    return claim


# -- rescues -----------------------------------------------------------------------------------------
def test_a_lease_that_is_over(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    began = clock.now()
    clock.advance(61)
    storage.rescue_expired()
    assert only(storage) == LedgerEntry(
        ledger_id=1,
        at_utc=clock.now(),
        event="rescued",
        task_id=task_id,
        type="mail",
        attempt=1,
        worker_id="worker-1",
        reason="lease over",
        became="queued",
        last_heartbeat_utc=began,  # a claim by somebody unknown registers him
        lost_seconds=61,
    )


def test_a_free_lock(storage: Storage, clock: MovableClock):
    """With host and pid of the process that is dead, its last beat, and how long it had worked."""
    put(storage)
    hold(storage)
    beat = clock.now()
    clock.advance(7)
    rescued = storage.rescue_expired()
    entry = only(storage)
    assert (entry.reason, entry.host, entry.pid) == ("lock free", "host-1", 4711)
    assert (entry.last_heartbeat_utc, entry.lost_seconds, entry.detail) == (beat, 7, None)
    assert [(lost.worker_id, lost.reason, lost.tasks) for lost in rescued.lost] == [
        ("worker-1", "lock free", (entry.task_id,))
    ]


def test_a_heartbeat_that_is_too_old(storage: Storage, clock: MovableClock):
    put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    clock.advance(61)
    rescued = storage.rescue_expired()
    assert only(storage).reason == "heartbeat too old"
    assert [lost.reason for lost in rescued.lost] == ["heartbeat too old"]


def test_a_removed_worker(storage: Storage):
    put(storage)
    storage.register("worker-1", "{}")
    take_one(storage, lease_seconds=None)
    storage.remove_worker("worker-1")
    assert (only(storage).reason, only(storage).worker_id) == ("removed", "worker-1")


def test_a_task_that_nobody_registered_held(storage: Storage, clock: MovableClock):
    put(storage)
    sql = "UPDATE task_queue SET status = 'processing', locked_by = 'nobody', updated_at_utc = ?"
    storage.execute(sql, (clock.text(),))
    clock.advance(61)
    storage.rescue_expired()
    assert (only(storage).reason, only(storage).worker_id, only(storage).host) == ("orphan", "nobody", None)


def test_who_takes_over_an_id_writes_down_what_its_forerunner_held(storage: Storage, clock: MovableClock):
    """With the facts of the forerunner, not with his own."""
    put(storage)
    hold(storage)
    beat = clock.now()
    clock.advance(5)
    storage.register("worker-1", "{}", WorkerFacts(host="host-2", pid=1))
    entry = only(storage)
    assert (entry.reason, entry.host, entry.pid, entry.last_heartbeat_utc) == ("lock free", "host-1", 4711, beat)


def test_what_had_not_begun_lost_no_work(storage: Storage, clock: MovableClock):
    for _ in range(2):
        put(storage)
    storage.register("worker-1", "{}")
    take(storage, lease_seconds=None, limit=1, ahead=1)
    clock.advance(61)
    storage.rescue_expired()
    assert [entry.lost_seconds for entry in storage.ledger(10)] == [None, 61]


@pytest.mark.parametrize(
    ("prepare", "became"),
    [
        (lambda _storage, _id: None, "queued"),
        (lambda storage, task_id: storage.cancel(task_id), "cancelled"),
        (lambda storage, _id: storage.execute("UPDATE task_queue SET max_crashes = 1"), "failed"),
    ],
    ids=["queued", "cancelled", "failed"],
)
def test_what_became_of_it(
    storage: Storage, clock: MovableClock, prepare: Callable[[Storage, int], object], became: str
):
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    prepare(storage, task_id)
    clock.advance(61)
    storage.rescue_expired()
    assert only(storage).became == became


def test_a_started_task_that_was_lost_is_a_suspect(storage: Storage, clock: MovableClock):
    """And one that was only claimed is not."""
    started, ahead = put(storage), put(storage)
    storage.register("worker-1", "{}")
    take(storage, lease_seconds=None, limit=1, ahead=1)
    clock.advance(61)
    storage.rescue_expired()
    suspects = {task.id: task.suspect for task in map(storage.get, (started, ahead)) if task is not None}
    assert suspects == {started: True, ahead: False}


def test_a_rescue_that_is_rolled_back_is_not_written_down(storage: Storage, clock: MovableClock):
    """The entry and the task are one transaction."""
    task_id = put(storage)
    take_one(storage, lease_seconds=60)
    clock.advance(61)
    with contextlib.suppress(KeyError), storage.transaction():
        assert storage.rescue_expired().queued == (task_id,)
        raise KeyError
    assert (storage.ledger(10), storage.ledger_totals()) == ([], {})


# -- refused finishes --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "lost_seconds"),
    [(TaskStatus.COMPLETED, 61), (TaskStatus.FAILED, 61), (TaskStatus.SCHEDULED, 61), (TaskStatus.QUEUED, None)],
)
def test_a_finish_that_comes_too_late(
    storage: Storage, clock: MovableClock, status: TaskStatus, lost_seconds: float | None
):
    """Also a release, which loses no work."""
    task_id = put(storage)
    claim = take_one(storage, lease_seconds=60)
    clock.advance(61)
    storage.rescue_expired()
    assert not end(storage, claim, status)
    entry = storage.ledger(1)[0]
    assert (entry.event, entry.reason, entry.became) == ("refused", "not held", status)
    assert (entry.task_id, entry.type, entry.attempt, entry.worker_id) == (task_id, "mail", 1, "worker-1")
    assert entry.lost_seconds == lost_seconds
    assert storage.ledger_totals() == {"refused": {"not held": 1}, "rescued": {"lease over": 1}}


def test_a_finish_of_a_task_that_was_deleted(storage: Storage):
    put(storage)
    claim = take_one(storage)
    storage.execute("DELETE FROM task_queue")
    assert not end(storage, claim)
    assert (only(storage).event, only(storage).task_id) == ("refused", claim.task_id)


def test_a_finish_that_is_in_time_is_not_written_down(storage: Storage):
    put(storage)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="once more")
    put(storage)
    release(storage, take_one(storage))
    end(storage, take_one(storage))
    assert (storage.ledger(10), storage.ledger_totals()) == ([], {})


# -- reading it --------------------------------------------------------------------------------------
def test_it_is_read_by_task_by_worker_and_by_pages(storage: Storage, clock: MovableClock):
    """Newest first."""
    ids = [put(storage) for _ in range(4)]
    for number in range(4):
        take_one(storage, f"worker-{number % 2}", lease_seconds=60)
    clock.advance(61)
    storage.rescue_expired()
    everything = storage.ledger(10)
    assert [entry.ledger_id for entry in everything] == [4, 3, 2, 1]
    assert storage.ledger(2) == everything[:2]
    assert storage.ledger(2, before_id=3) == everything[2:]
    assert [entry.task_id for entry in storage.ledger(10, task_id=ids[2])] == [ids[2]]
    assert [entry.task_id for entry in storage.ledger(10, worker_id="worker-1")] == [ids[3], ids[1]]
    assert storage.ledger(10, task_id=ids[2], worker_id="worker-1") == []
    assert storage.ledger(10, worker_id="worker-1", before_id=4) == [everything[2]]


def test_what_is_pruned_stays_counted(storage: Storage, clock: MovableClock):
    put(storage)
    take_one(storage, lease_seconds=60)
    clock.advance(61)
    storage.rescue_expired()
    storage.execute("DELETE FROM rescue_ledger")
    assert (storage.ledger(10), storage.ledger_totals()) == ([], {"rescued": {"lease over": 1}})


# -- how a process died ------------------------------------------------------------------------------
def lost_error(storage: Storage) -> str:
    (row,) = storage.execute("SELECT error FROM task_attempts WHERE outcome = 'lost'").fetchall()
    return str(row[0])


def test_a_death_that_is_told_after_the_rescue(storage: Storage):
    """The entry, the lost attempt and the worker say it."""
    put(storage)
    hold(storage)
    storage.rescue_expired()
    assert storage.note_death("worker-1", "was killed by SIGKILL") == 1
    assert only(storage).detail == "was killed by SIGKILL"
    assert lost_error(storage) == "its worker died: was killed by SIGKILL"
    assert "SIGKILL" in storage.worker_activity()[0].status_reason


def test_a_death_that_is_told_before_the_rescue(storage: Storage):
    """Whoever started the process may be faster."""
    put(storage)
    hold(storage)
    assert storage.note_death("worker-1", "was killed by SIGKILL") == 0
    storage.rescue_expired()
    assert only(storage).detail == "was killed by SIGKILL"
    assert lost_error(storage) == "its worker died: was killed by SIGKILL"


def test_a_death_is_told_once_and_only_of_the_last_minute(storage: Storage, clock: MovableClock):
    put(storage)
    hold(storage)
    storage.rescue_expired()
    assert storage.note_death("worker-2", "of another") == 0
    assert storage.note_death("worker-1", "was killed by SIGKILL") == 1
    assert storage.note_death("worker-1", "said again") == 0
    hold(storage)
    storage.rescue_expired()
    clock.advance(61)
    assert storage.note_death("worker-1", "long ago") == 0
    assert [entry.detail for entry in storage.ledger(10)] == [None, "was killed by SIGKILL"]


def test_a_death_is_not_told_of_the_next_process_of_the_same_id(storage: Storage):
    """It lives, and what it may lose later is another story."""
    put(storage)
    hold(storage)
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    assert storage.note_death("worker-1", "was killed by SIGKILL") == 1
    assert only(storage).detail == "was killed by SIGKILL"
    take_one(storage, "worker-1", lease_seconds=None)
    lock.release(forgotten=False)
    storage.rescue_expired()
    assert storage.ledger(1)[0].detail is None


# -- marks -------------------------------------------------------------------------------------------
def test_a_worker_that_held_nothing_is_marked_once(storage: Storage, clock: MovableClock):
    a_dead_worker(storage)
    rescued = storage.rescue_expired()
    assert [(lost.worker_id, lost.tasks) for lost in rescued.lost] == [("worker-1", ())]
    found = clock.text()
    clock.advance(5)
    assert storage.rescue_expired().lost == ()
    assert storage.worker_activity()[0].status_since_utc == found
    assert storage.ledger(10) == []


def test_many_idle_workers_are_looked_at_some_at_a_time(storage: Storage):
    """Every one of them in the end; those that hold tasks are looked at each time."""
    for number in range(40):
        a_dead_worker(storage, f"idle-{number:02}")
    task_id = put(storage)
    hold(storage, "holder")
    first = storage.rescue_expired()
    assert first.queued == (task_id,)
    assert len(first.lost) == 33
    lost = {worker.worker_id for worker in first.lost + storage.rescue_expired().lost}
    assert len(lost) == 41
