"""How attempts end, and the fence: only who holds the claim can write it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from musterq.models import Claim, Outcome, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, say, status, take, take_one
from tests.support import MovableClock

COMPLETED, FAILED, CANCELLED = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED
ENDS = [COMPLETED, FAILED, CANCELLED, TaskStatus.SCHEDULED, TaskStatus.QUEUED]


def test_a_completed_task_has_its_result(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    claim = take_one(storage)
    clock.advance(2)
    assert end(storage, claim, COMPLETED, result='{"bytes": 1}')
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.result, task.error_message, task.locked_by) == (
        "completed",
        '{"bytes": 1}',
        None,
        "worker-1",
    )
    assert (task.finished_at_utc, task.lease_until_utc) == (clock.now(), None)


def test_a_failed_task_has_its_error(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    assert end(storage, take_one(storage), FAILED, error="no such file", traceback="line 1")
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.error_message, task.finished_at_utc) == ("failed", "no such file", clock.now())


def test_a_success_clears_the_error_of_the_attempt_before(storage: Storage):
    task_id = put(storage)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="disk full")
    storage.promote(1)
    end(storage, take_one(storage), COMPLETED)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.error_message, task.attempts) == ("completed", None, 2)


def test_a_handler_may_end_its_task_as_cancelled(storage: Storage):
    task_id = put(storage)
    assert end(storage, take_one(storage), CANCELLED, error="cancelled by its handler")
    assert status(storage, task_id) == "cancelled"


def test_each_attempt_that_did_not_complete_has_a_row(storage: Storage):
    """In `task_attempts`; one that completed has none."""
    task_id = put(storage)
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="one")
    storage.promote(1)
    end(storage, take_one(storage, "worker-2"), FAILED, error="two", traceback="line 2")
    end(storage, take_one_of(storage, put(storage)), COMPLETED)
    rows = storage.execute(
        "SELECT task_id, attempt, worker_id, outcome, error, traceback FROM task_attempts"
    ).fetchall()
    assert [tuple(row) for row in rows] == [
        (task_id, 1, "worker-1", "failed", "one", None),
        (task_id, 2, "worker-2", "failed", "two", "line 2"),
    ]


def test_times_of_the_run_can_be_given(storage: Storage, clock: MovableClock):
    """A worker writes later than it finished, and started later than it claimed."""
    task_id = put(storage)
    claim = take_one(storage)
    began = clock.time() + 1
    clock.advance(10)
    end(storage, claim, COMPLETED, started_at=began, finished_at=began + 2)
    task = storage.get(task_id)
    assert task is not None
    assert task.processing_started_utc is not None
    assert task.finished_at_utc is not None
    assert (task.processing_started_utc.timestamp(), task.finished_at_utc.timestamp()) == (began, began + 2)


def test_many_outcomes_at_once_each_have_their_answer(storage: Storage):
    for _ in range(3):
        put(storage)
    first, second, third = take(storage, limit=3)
    release(storage, second)
    outcomes = [Outcome(claim=claim, status=COMPLETED) for claim in (first, second, third, first)]
    assert storage.finish(outcomes) == [True, False, True, False]


def take_one_of(storage: Storage, task_id: int) -> Claim:
    (claim,) = [claim for claim in take(storage, limit=10) if claim.task_id == task_id]
    return claim


# -- the fence ---------------------------------------------------------------------------------------
def released(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    release(storage, claim)


def rescued(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    clock.advance(61)
    assert storage.rescue_expired().queued == (claim.task_id,)


def rescued_by_a_claim(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    clock.advance(61)
    take(storage, "worker-2", types=frozenset(["none"]))


def worker_removed(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    assert storage.remove_worker(claim.worker_id)


def finished_and_retried(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    end(storage, claim, FAILED, error="first")
    assert storage.retry(claim.task_id)


def put_off(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    end(storage, claim, TaskStatus.SCHEDULED, error="first")
    assert storage.promote(10) == 1


def replaced(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    """By another task under the same id, as DELETE and INSERT do it everywhere."""
    storage.execute("DELETE FROM task_queue WHERE id = ?", (claim.task_id,))
    storage.execute("INSERT INTO task_queue (id, type, payload) VALUES (?, 'mail', '{}')", (claim.task_id,))


def queued_by_plain_sql(storage: Storage, claim: Claim, clock: MovableClock) -> None:
    storage.execute("UPDATE task_queue SET status = 'queued', locked_by = NULL WHERE id = ?", (claim.task_id,))


TAKEN_BACK = [
    released,
    rescued,
    rescued_by_a_claim,
    worker_removed,
    finished_and_retried,
    put_off,
    replaced,
    queued_by_plain_sql,
]


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("take_back", TAKEN_BACK)
def test_a_late_finish_changes_nothing(
    storage: Storage, clock: MovableClock, take_back: Callable[[Storage, Claim, MovableClock], None], how: TaskStatus
):
    """Neither while the task waits again nor when the next worker, even of the same name, has it."""
    put(storage)
    lost = take_one(storage)
    take_back(storage, lost, clock)
    waiting = storage.get(lost.task_id)
    assert not end(storage, lost, how, error="late", result="1")
    assert storage.get(lost.task_id) == waiting
    again = take_one(storage, lost.worker_id)
    running = storage.get(lost.task_id)
    assert not end(storage, lost, how, error="late", result="1")
    assert not storage.extend(lost, 60)
    assert not storage.progress(lost, 0.9, "late")
    say(storage, lost, "late")
    assert storage.get(lost.task_id) == running
    assert storage.execute("SELECT count(*) FROM task_logs").fetchone()[0] == 0
    assert end(storage, again, COMPLETED)


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("first", [COMPLETED, FAILED, CANCELLED])
def test_there_are_never_two_finishes(storage: Storage, first: TaskStatus, how: TaskStatus):
    put(storage)
    claim = take_one(storage)
    assert end(storage, claim, first, error="first")
    before = storage.get(claim.task_id)
    assert not end(storage, claim, how, error="second")
    assert storage.get(claim.task_id) == before


def test_a_late_finish_leaves_no_attempt_behind(storage: Storage):
    put(storage)
    lost = take_one(storage)
    release(storage, lost)
    end(storage, lost, FAILED, error="late")
    assert storage.execute("SELECT count(*) FROM task_attempts").fetchone()[0] == 0


def test_a_finish_of_a_deleted_task_changes_nothing(storage: Storage):
    put(storage)
    claim = take_one(storage)
    storage.execute("DELETE FROM task_queue")
    assert not end(storage, claim, FAILED, error="late")


def test_a_claim_holds_until_somebody_takes_the_task_back(storage: Storage, clock: MovableClock):
    """A lease that is over loses nothing until then."""
    task_id = put(storage)
    claim = take_one(storage, lease_seconds=10)
    clock.advance(3600)
    assert end(storage, claim, COMPLETED)
    assert status(storage, task_id) == "completed"


def test_only_the_token_counts(storage: Storage, other: Storage):
    """Another process that was given the claim may finish it."""
    put(storage)
    claim = take_one(storage)
    assert end(other, claim, COMPLETED)
