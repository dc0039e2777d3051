"""Giving a task back unstarted, holding it longer, and telling how far it is."""

from __future__ import annotations

from datetime import timedelta

from musterq.models import TaskStatus
from musterq.records import LogLine
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, say, status, take, take_one, taken
from tests.support import MovableClock


def test_a_released_task_is_as_if_nobody_had_taken_it(storage: Storage):
    task_id = put(storage)
    before = storage.get(task_id)
    assert release(storage, take_one(storage))
    assert storage.get(task_id) == before


def test_a_release_uses_no_attempt(storage: Storage):
    task_id = put(storage, max_attempts=1)
    for _ in range(3):
        assert release(storage, take_one(storage))
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.attempts, task.crashes) == ("queued", 0, 0)


def test_a_released_task_can_be_claimed_at_once(storage: Storage):
    task_id = put(storage)
    release(storage, take_one(storage))
    assert taken(take(storage, "worker-2")) == [task_id]


def test_a_task_that_is_to_be_cancelled_is_not_queued_again(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    claim = take_one(storage)
    storage.cancel(task_id)
    assert release(storage, claim)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.finished_at_utc) == ("cancelled", clock.now())


def test_extend_moves_the_end_of_the_lease(storage: Storage, clock: MovableClock):
    """Counted from now, not from the end before."""
    put(storage)
    claim = take_one(storage, lease_seconds=60)
    clock.advance(50)
    assert storage.extend(claim, 120)
    task = storage.get(claim.task_id)
    assert task is not None
    assert task.lease_until_utc == clock.now() + timedelta(seconds=120)
    clock.advance(119)
    assert take(storage, "worker-2") == []
    clock.advance(2)
    assert taken(take(storage, "worker-2")) == [claim.task_id]


def test_extend_can_shorten(storage: Storage, clock: MovableClock):
    put(storage)
    claim = take_one(storage, lease_seconds=600)
    assert storage.extend(claim, 1)
    clock.advance(2)
    assert taken(take(storage, "worker-2")) == [claim.task_id]


def test_extend_gives_a_lease_to_who_had_none(storage: Storage, clock: MovableClock):
    """A claim under its worker's heartbeat has one of its own from then on."""
    put(storage)
    claim = take_one(storage, lease_seconds=None)
    assert storage.extend(claim, 5)
    clock.advance(6)
    assert storage.rescue_expired().queued == (claim.task_id,)


def test_a_lease_that_is_over_can_be_extended_while_nobody_took_the_task(storage: Storage, clock: MovableClock):
    put(storage)
    claim = take_one(storage, lease_seconds=10)
    clock.advance(60)
    assert storage.extend(claim, 60)
    assert take(storage, "worker-2") == []


def test_progress_is_kept_while_the_task_runs(storage: Storage):
    put(storage)
    claim = take_one(storage)
    assert storage.progress(claim, 0.4, "page 4 of 10")
    task = storage.get(claim.task_id)
    assert task is not None
    assert (task.progress, task.progress_message) == (0.4, "page 4 of 10")
    assert storage.progress(claim, 0.5, None)


def test_the_next_attempt_begins_without_progress(storage: Storage):
    put(storage)
    claim = take_one(storage)
    storage.progress(claim, 0.4, "page 4 of 10")
    release(storage, claim)
    take_one(storage)
    task = storage.get(claim.task_id)
    assert task is not None
    assert (task.progress, task.progress_message) == (None, None)


def test_log_lines_are_kept_in_order(storage: Storage):
    put(storage)
    claim = take_one(storage)
    say(storage, claim, "one")
    say(storage, claim, "two", '{"page": 2}')
    rows = storage.execute("SELECT task_id, level, message, details FROM task_logs ORDER BY log_id").fetchall()
    assert [tuple(row) for row in rows] == [
        (claim.task_id, "INFO", "one", None),
        (claim.task_id, "INFO", "two", '{"page": 2}'),
    ]


def test_log_lines_of_several_tasks_are_kept_at_once_while_their_claims_are_held(storage: Storage):
    put(storage)
    put(storage)
    held, lost = take_one(storage), take_one(storage)
    assert release(storage, lost)
    storage.log(
        [
            LogLine(task_id=held.task_id, claim_token=held.claim_token, at=1893456000.25, level="INFO", message="one"),
            LogLine(task_id=lost.task_id, claim_token=lost.claim_token, at=1893456000.5, level="INFO", message="late"),
            LogLine(
                task_id=held.task_id,
                claim_token=held.claim_token,
                at=1893456001.0,
                level="ERROR",
                message="two",
                details='{"page": 2}',
            ),
        ]
    )
    rows = storage.execute("SELECT task_id, at_utc, level, message, details FROM task_logs ORDER BY log_id").fetchall()
    assert [tuple(row) for row in rows] == [
        (held.task_id, "2030-01-01 00:00:00.250", "INFO", "one", None),
        (held.task_id, "2030-01-01 00:00:01.000", "ERROR", "two", '{"page": 2}'),
    ]


def test_a_finished_task_keeps_its_log(storage: Storage):
    put(storage)
    claim = take_one(storage)
    say(storage, claim, "one")
    end(storage, claim, TaskStatus.COMPLETED)
    assert status(storage, claim.task_id) == "completed"
    assert storage.execute("SELECT count(*) FROM task_logs").fetchone()[0] == 1
