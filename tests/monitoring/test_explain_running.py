"""Who runs a task, and what may become of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from musterq.database import QueueDatabase
from musterq.models import Crash, TaskStatus, WorkerFacts
from musterq.monitoring import QueueMonitoring
from musterq.records import Pulse
from musterq.storage.base import LivenessLock, Storage
from tests.monitoring.explaining import end, explained, put, reason, reasons, take
from tests.support import MovableClock

FACTS = WorkerFacts(host="host-1", pid=4711, beat_seconds=10.0)


@pytest.fixture
def storage(database: QueueDatabase) -> Storage:
    return database.storage


@pytest.fixture
def process(storage: Storage) -> Iterator[LivenessLock]:
    """A worker process."""
    lock = storage.liveness_lock("worker-01")
    storage.register("worker-01", "{}", FACTS)
    storage.heartbeat("worker-01", Pulse(state="idle", reason="it holds no task", since=storage.clock.time()))
    yield lock
    lock.release()


@pytest.fixture
def running(storage: Storage, process: LivenessLock) -> int:
    """A task that it runs, under its heartbeat."""
    task_id = put(storage, timeout_seconds=60.0)
    take(storage, lease_seconds=None)
    return task_id


def say(storage: Storage, state: str, why: str = "because of that") -> None:
    assert storage.heartbeat("worker-01", Pulse(state=state, reason=why, since=storage.clock.time()))


def test_who_runs_it_for_how_long(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, running: int
) -> None:
    """The worker with its state and its place, the attempt, and the time that is left."""
    clock.advance(12)
    found = reason(monitoring, running, "running")
    since = f"since {clock.text(-12)[:19]} UTC (12 seconds)"
    assert found["text"] == f"worker-01 (busy, process 4711 on host-1) runs it {since}, attempt 1 of 5"
    facts = {"worker_id": "worker-01", "worker_status": "busy", "host": "host-1", "pid": 4711, "seconds": 12.0}
    assert facts.items() <= found.items()
    assert reasons(monitoring, running) == ["running", "time_limit", "lease"]
    assert reason(monitoring, running, "time_limit")["seconds_left"] == 48.0
    assert reason(monitoring, running, "lease")["seconds_left"] == 48.0


def test_how_far_it_is(monitoring: QueueMonitoring, storage: Storage) -> None:
    """As its handler told."""
    task_id = put(storage)
    storage.progress(take(storage), 0.4, "page 4 of 10")
    found = reason(monitoring, task_id, "running")
    assert (found["progress"], found["progress_message"]) == (0.4, "page 4 of 10")
    assert found["text"].endswith(", and is at 40 % (page 4 of 10)")


def test_it_was_taken_ahead(monitoring: QueueMonitoring, storage: Storage) -> None:
    """And has not begun."""
    first, ahead = put(storage), put(storage)
    take(storage, ahead=1)
    assert "running" in reasons(monitoring, first)
    assert reasons(monitoring, ahead)[0] == "claimed"
    assert explained(monitoring, ahead)["attempts"][0]["outcome"] == "claimed"


def test_its_worker_is_dead(monitoring: QueueMonitoring, storage: Storage, process: LivenessLock, running: int) -> None:
    """The most decisive of all."""
    process.release(forgotten=False)
    found = explained(monitoring, running)
    assert found["reasons"][0]["reason"] == "worker_lost"
    assert found["summary"].startswith(f"task {running} (mail) is processing: its worker worker-01 is lost (")


@pytest.mark.parametrize("state", ["wedged", "draining"])
def test_its_worker_is_in_trouble(monitoring: QueueMonitoring, storage: Storage, running: int, state: str) -> None:
    """With the reason that it told."""
    say(storage, state)
    found = reason(monitoring, running, f"worker_{state}")
    assert "(because of that)" in found["text"]
    assert (found["worker_status"], found["worker_reason"]) == (state, "because of that")
    assert reasons(monitoring, running)[0] == f"worker_{state}"


def test_its_worker_is_suspended(
    monitoring: QueueMonitoring, clock: MovableClock, storage: Storage, running: int
) -> None:
    """It lives, and does not beat."""
    clock.advance(40)
    assert reasons(monitoring, running)[0] == "worker_suspended"


def test_its_worker_has_no_lock_and_is_late(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """Nobody knows whether it lives."""
    task_id = put(storage)
    take(storage, "by-api", lease_seconds=100)
    clock.advance(70)
    assert reasons(monitoring, task_id)[0] == "worker_late"


def test_its_worker_is_not_on_the_roll(monitoring: QueueMonitoring, database: QueueDatabase, storage: Storage) -> None:
    """It goes back when the lease is over."""
    task_id = put(storage)
    take(storage, "by-api")
    database.execute("DELETE FROM workers")
    assert reasons(monitoring, task_id)[0] == "worker_unknown"
    assert reason(monitoring, task_id, "worker_unknown")["worker_id"] == "by-api"


def test_nobody_holds_it_by_its_row(monitoring: QueueMonitoring, database: QueueDatabase, storage: Storage) -> None:
    """Plain SQL can write that."""
    task_id = put(storage)
    database.execute("UPDATE task_queue SET status = 'processing' WHERE id = ?", (task_id,))
    assert reasons(monitoring, task_id)[0] == "worker_unknown"


def test_its_lease_is_over(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """Whoever looks next takes it back."""
    task_id = put(storage)
    take(storage, lease_seconds=30)
    clock.advance(33)
    assert reasons(monitoring, task_id) == ["lease_over", "running"]
    assert reason(monitoring, task_id, "lease_over")["seconds_left"] == -3.0


def test_its_time_limit_is_over(monitoring: QueueMonitoring, clock: MovableClock, storage: Storage) -> None:
    """Before who runs it; one that is not over comes behind."""
    task_id = put(storage, timeout_seconds=10.0, hard_timeout_seconds=40.0)
    take(storage)
    clock.advance(15)
    assert reasons(monitoring, task_id) == ["time_limit", "running", "hard_time_limit", "lease"]
    assert reason(monitoring, task_id, "time_limit")["text"] == "its time limit of 10 s has been over for 5 s"
    assert reason(monitoring, task_id, "hard_time_limit")["text"] == "its hard time limit of 40 s ends in 25 seconds"


def test_somebody_asked_for_its_end(monitoring: QueueMonitoring, storage: Storage, running: int) -> None:
    """It goes on until its handler is told."""
    storage.cancel(running)
    assert reasons(monitoring, running)[0] == "cancel_requested"


def test_a_suspect_runs_alone(monitoring: QueueMonitoring, storage: Storage) -> None:
    """Since its process died before."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.QUEUED, error="killed", crash=Crash(signal=9))
    take(storage)
    assert reasons(monitoring, task_id)[-1] == "suspect"
    assert [attempt["outcome"] for attempt in explained(monitoring, task_id)["attempts"]] == ["lost", "running"]
