"""Why a task ended so."""

from __future__ import annotations

import pytest

from musterq.clock import text_to_datetime
from musterq.database import QueueDatabase
from musterq.models import Crash, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.storage.base import Storage
from tests.monitoring.explaining import chain, end, explained, put, reason, reasons, take
from tests.support import MovableClock


@pytest.fixture
def storage(database: QueueDatabase) -> Storage:
    return database.storage


def test_it_is_completed(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """On whom, on which attempt, in how long."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.SCHEDULED, error="no", retry_in_seconds=0)
    claim = take(storage, "worker-02")
    clock.advance(3)
    end(storage, claim)
    found = reason(monitoring, task_id, "completed")
    assert (found["worker_id"], found["run_seconds"], found["attempts"]) == ("worker-02", 3.0, 2)
    assert found["text"] == f"worker-02 completed it in 3 s on attempt 2 of 5 (at {clock.text()[:19]} UTC)"


def test_plain_sql_completed_it(monitoring: QueueMonitoring, database: QueueDatabase, storage: Storage) -> None:
    """Nobody knows who, or when."""
    task_id = put(storage)
    database.execute("UPDATE task_queue SET status = 'completed' WHERE id = ?", (task_id,))
    assert reason(monitoring, task_id, "completed")["text"] == "somebody completed it on attempt 0 of 5"


def test_its_attempts_are_used_up(monitoring: QueueMonitoring, storage: Storage) -> None:
    """With the last error; the others stand with their attempts."""
    task_id = put(storage, max_attempts=2)
    end(storage, take(storage), TaskStatus.SCHEDULED, error="first", retry_in_seconds=0)
    end(storage, take(storage), TaskStatus.SCHEDULED, error="second")
    found = reason(monitoring, task_id, "attempts")
    assert found["text"].startswith("its attempts (2) are used up; the last one failed on worker-01: second (at ")
    assert (found["error"], found["attempts"], found["max_attempts"]) == ("second", 2, 2)
    assert [attempt["error"] for attempt in explained(monitoring, task_id)["attempts"]] == ["first", "second"]


def test_its_error_was_for_good(monitoring: QueueMonitoring, storage: Storage) -> None:
    """Although attempts are left."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.FAILED, error="bad input")
    assert reason(monitoring, task_id, "permanent")["text"].startswith(
        "attempt 1 of 5 failed on worker-01 for good: bad input (at "
    )


def test_its_crashes_are_used_up(monitoring: QueueMonitoring, storage: Storage) -> None:
    """How its process died stands with the attempt, and that it was taken back in the rescues."""
    task_id = put(storage, max_crashes=1)
    end(storage, take(storage), TaskStatus.QUEUED, error="killed", crash=Crash(signal=9, peak_bytes=2**30))
    found = reason(monitoring, task_id, "crashes")
    assert found["text"].startswith("its budget of crashes (1) is used up: worker lost: ")
    assert "SIGKILL" in found["text"]
    explanation = explained(monitoring, task_id)
    assert (explanation["attempts"][0]["signal"], explanation["attempts"][0]["peak_bytes"]) == (9, 2**30)
    assert [entry["reason"] for entry in explanation["rescues"]] == ["child died"]


def test_its_workers_were_lost_too_often(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """The ledger says from whom it was taken."""
    task_id = put(storage, max_crashes=1)
    take(storage)
    clock.advance(61)
    storage.rescue_expired()
    assert reasons(monitoring, task_id) == ["crashes"]
    assert explained(monitoring, task_id)["rescues"][0]["reason"] == "lease over"


def test_it_expired(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """Nobody started it in time."""
    task_id = put(storage, expires_at=text_to_datetime(clock.text(5)))
    clock.advance(6)
    storage.expire(10)
    assert reasons(monitoring, task_id) == ["expired"]
    assert explained(monitoring, task_id)["attempts"] == []


def test_its_payload_was_broken(monitoring: QueueMonitoring, database: QueueDatabase, storage: Storage) -> None:
    """Whoever claimed it found that out."""
    task_id = database.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{broken')").lastrowid
    put(storage)
    take(storage)
    assert reasons(monitoring, task_id) == ["broken_payload"]


def test_plain_sql_failed_it(monitoring: QueueMonitoring, database: QueueDatabase, storage: Storage) -> None:
    """Whether or not somebody had started it."""
    task_id = put(storage)
    database.execute("UPDATE task_queue SET status = 'failed' WHERE id = ?", (task_id,))
    text = reason(monitoring, task_id, "failed")["text"]
    assert text == "it failed without having been started: no error was told"
    started = put(storage)
    take(storage)
    database.execute("UPDATE task_queue SET status = 'failed' WHERE id = ?", (started,))
    text = reason(monitoring, started, "failed")["text"]
    assert text == "it failed, and no attempt tells why: no error was told"


def test_somebody_cancelled_it_while_it_waited(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock
) -> None:
    """Also where earlier attempts had failed."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.SCHEDULED, error="no", retry_in_seconds=60)
    clock.advance(1)
    never_started = put(storage, type="report")
    for cancelled in (task_id, never_started):
        storage.cancel(cancelled)
    text = reason(monitoring, task_id, "cancelled")["text"]
    assert text.startswith("somebody cancelled it after an attempt, while it waited (at ")
    text = reason(monitoring, never_started, "cancelled")["text"]
    assert text.startswith("somebody cancelled it before it was started (at ")


def test_somebody_cancelled_it_while_it_ran(monitoring: QueueMonitoring, storage: Storage) -> None:
    """On whom."""
    task_id = put(storage)
    claim = take(storage)
    storage.cancel(task_id)
    end(storage, claim, TaskStatus.CANCELLED)
    found = reason(monitoring, task_id, "cancelled_running")
    assert found["text"].startswith("somebody asked for its end while worker-01 ran it (at ")


def test_a_worker_gave_back_what_somebody_had_cancelled(monitoring: QueueMonitoring, storage: Storage) -> None:
    """As one does that ends before its handler has: it had been started all the same."""
    task_id = put(storage)
    claim = take(storage)
    storage.cancel(task_id)
    end(storage, claim, TaskStatus.QUEUED)
    found = reason(monitoring, task_id, "cancelled_running")
    assert found["text"].startswith("somebody asked for its end while a worker held it, which gave it back ")


def test_its_handler_cancelled_it(monitoring: QueueMonitoring, storage: Storage) -> None:
    """With what it said."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.CANCELLED, error="nothing to do")
    found = reason(monitoring, task_id, "cancelled_by_handler")
    assert found["text"].startswith("its handler cancelled it on worker-01: nothing to do (at ")


def test_a_task_before_it_has_stopped(monitoring: QueueMonitoring, storage: Storage) -> None:
    """Which is the one to look at next."""
    first, second, last = chain(storage, "fetch", "count", "sum")
    end(storage, take(storage), TaskStatus.FAILED, error="no")
    for task_id in (second, last):
        found = reason(monitoring, task_id, "forerunner")
        assert found["task_id"] == first
        assert f"task {first} (fetch)" in found["text"]


def test_a_task_that_was_tried_again_by_hand_tells_of_its_last_end(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock
) -> None:
    """What it met before stays with its attempts."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.FAILED, error="no")
    storage.retry(task_id)
    clock.advance(1)
    end(storage, take(storage))
    assert reasons(monitoring, task_id) == ["completed"]
    assert [attempt["outcome"] for attempt in explained(monitoring, task_id)["attempts"]] == ["failed", "completed"]
