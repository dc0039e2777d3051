"""The process that ran a task died, and its worker lives on to tell."""

from __future__ import annotations

from typing import Any

import pytest

from musterq.models import Claim, Crash, Outcome, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import FACTS, end, put, release, status, take_one

KILLED = Crash(signal=9, peak_bytes=512 * 2**20)


def crash(storage: Storage, claim: Claim, how: Crash = KILLED, **facts: Any) -> bool:
    outcome = Outcome(
        claim=claim, status=TaskStatus.QUEUED, error=f"worker lost: its process {how.words}", crash=how, **facts
    )
    return storage.finish([outcome])[0]


def test_a_crash_is_charged_apart_from_attempts(storage: Storage):
    """The task waits again, its attempt given back, and whoever claims it is warned."""
    task_id = put(storage, max_attempts=1)
    assert crash(storage, take_one(storage))
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.attempts, task.crashes, task.suspect, task.locked_by) == ("queued", 0, 1, True, None)
    assert task.error_message == "worker lost: its process was killed by SIGKILL (peak memory 512 MiB)"
    again = take_one(storage)
    assert (again.suspect, again.crashes, again.attempts) == (True, 1, 1)


@pytest.mark.parametrize(("most", "times"), [(1, "once"), (3, "3 times")])
def test_a_task_over_its_budget_of_crashes_is_failed_with_what_is_known(storage: Storage, most: int, times: str):
    """It is not queued again, and says how often and how it died, and where the last time."""
    task_id = put(storage, max_crashes=most)
    for _ in range(most):
        assert crash(storage, take_one(storage, "worker-7"))
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.crashes, task.attempts) == ("failed", most, 0)
    assert task.error_message == (
        f"worker lost: its process died {times}; the last one was killed by SIGKILL (peak memory 512 MiB), "
        "on worker worker-7"
    )
    assert storage.retry(task_id)
    retried = take_one(storage)
    assert (retried.crashes, retried.suspect) == (0, False)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Crash(exit_code=3), "exited with code 3"),
        (Crash(exit_code=0, peak_bytes=2**20), "exited with code 0 (peak memory 1 MiB)"),
        (Crash(signal=11), "was killed by SIGSEGV"),
        (Crash(signal=35), "was killed by signal 35"),
        (Crash(), "ended"),
    ],
)
def test_what_is_known_of_the_death_is_kept_with_the_attempt(storage: Storage, how: Crash, words: str):
    """In columns, and in words in the ledger."""
    task_id = put(storage)
    storage.register("worker-1", "{}", FACTS)
    claim = take_one(storage, lease_seconds=None)
    assert crash(storage, claim, how, started_at=claim.claimed_at, finished_at=claim.claimed_at + 2.5)
    (attempt,) = storage.execute(
        "SELECT task_id, attempt, worker_id, outcome, error, signal, exit_code, peak_bytes FROM task_attempts"
    ).fetchall()
    said = f"worker lost: its process {words}"
    assert tuple(attempt) == (task_id, 1, "worker-1", "lost", said, how.signal, how.exit_code, how.peak_bytes)
    (entry,) = storage.ledger(10)
    assert (entry.event, entry.reason, entry.detail, entry.became) == ("rescued", "child died", words, "queued")
    assert (entry.task_id, entry.type, entry.attempt, entry.worker_id) == (task_id, "mail", 1, "worker-1")
    assert (entry.host, entry.pid, entry.lost_seconds) == (FACTS.host, FACTS.pid, 2.5)
    assert storage.ledger_totals() == {"rescued": {"child died": 1}}


def test_a_crash_of_a_task_that_is_to_be_cancelled_cancels_it(storage: Storage):
    """Nobody wants it any more."""
    task_id = put(storage)
    claim = take_one(storage)
    storage.cancel(task_id)
    assert crash(storage, claim)
    task = storage.get(task_id)
    assert task is not None
    assert task.status == "cancelled"
    assert task.error_message == "cancelled while it ran; its process was killed by SIGKILL (peak memory 512 MiB)"


@pytest.mark.parametrize("as_status", TaskStatus)
def test_a_crash_is_one_whatever_the_status_says(storage: Storage, as_status: TaskStatus):
    """The status is for those who ended in order."""
    task_id = put(storage)
    outcome = Outcome(claim=take_one(storage), status=as_status, error="worker lost", crash=KILLED)
    assert storage.finish([outcome]) == [True]
    assert status(storage, task_id) == "queued"


def test_a_late_crash_changes_nothing_and_leaves_no_attempt_behind(storage: Storage):
    """The task has been taken back, and somebody else runs it."""
    task_id = put(storage)
    lost = take_one(storage)
    release(storage, lost)
    again = take_one(storage, "worker-2")
    before = storage.get(task_id)
    assert not crash(storage, lost)
    assert storage.get(task_id) == before
    assert storage.execute("SELECT count(*) FROM task_attempts").fetchone()[0] == 0
    assert [entry.reason for entry in storage.ledger(10)] == ["not held"]
    assert end(storage, again)


def test_a_suspect_that_ends_in_an_ordinary_way_is_cleared(storage: Storage):
    """Its next attempt runs among others again; what it was charged stays."""
    put(storage)
    crash(storage, take_one(storage))
    assert end(storage, take_one(storage), TaskStatus.SCHEDULED, error="an error like others")
    storage.promote(1)
    cleared = take_one(storage)
    assert (cleared.suspect, cleared.crashes) == (False, 1)


def test_a_suspect_that_is_given_back_unstarted_stays_one(storage: Storage):
    """Nothing is known of it yet."""
    put(storage)
    crash(storage, take_one(storage))
    release(storage, take_one(storage))
    assert take_one(storage).suspect
