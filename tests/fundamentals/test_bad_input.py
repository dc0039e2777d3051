"""A caller's mistake is a ValueError or a TypeError, and nothing is written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.queue.task_queue import TaskQueue


def short(mistake: object) -> str:
    return repr(mistake)[:40]


@pytest.mark.parametrize(
    "mistake",
    [
        {"type": ""},
        {"type": "x" * 256},
        {"type": None},
        {"payload": {"n": float("nan")}},
        {"payload": {"n": {1, 2}}},
        {"payload": {1: "a"}},
        {"payload": "\ud800"},
        {"payload": "x" * 1_048_577},
        {"priority": 0},
        {"priority": 1001},
        {"priority": True},
        {"delay": -1},
        {"run_at": datetime(2030, 1, 1, tzinfo=UTC), "delay": 5},
        {"run_at": datetime(2030, 1, 1)},  # noqa: DTZ001 - the naive one is the mistake
        {"expires_in": 0},
        {"delay": 60, "expires_in": 30},
        {"idempotency_key": ""},
        {"compatibility": {"gpu": {"atleast": 1}}},
        {"headers": {"n": 1}},
        {"retry": {"initial": 1}},
        {"unknown": 1},
    ],
    ids=short,
)
def test_a_task_that_cannot_be_is_refused(queue: TaskQueue, mistake: dict[str, Any]):
    """Each message names the argument; the queue stays empty."""
    arguments = {"type": "report", **mistake}
    named = "type" if "type" in mistake else next(iter(mistake))
    with pytest.raises((ValueError, TypeError), match=f"{named}|says again|task would expire"):
        queue.enqueue(**arguments)
    assert queue.find() == []


@pytest.mark.parametrize(
    "mistake",
    [
        {"worker_id": ""},
        {"limit": 0},
        {"limit": -1},
        {"types": []},
        {"types": "report"},
        {"strategy": "fastest"},
        {"lease_seconds": -1},
        {"lease_seconds": None},
        {"capabilities": ["gpu"]},
        {"seed": "s"},
    ],
    ids=short,
)
def test_a_claim_that_cannot_be_is_refused(queue: TaskQueue, mistake: dict[str, Any]):
    """Nothing is claimed, and no worker is registered."""
    handle = queue.enqueue("report")
    with pytest.raises((ValueError, TypeError), match=next(iter(mistake))):
        queue.claim(**{"worker_id": "worker-01", **mistake})
    assert handle.status() == "queued"
    assert queue.storage.workers() == []


def test_what_is_no_claim_cannot_be_finished(queue: TaskQueue):
    """A task id is no claim: only its holder may finish a task."""
    handle = queue.enqueue("report")
    for finish in (queue.complete, queue.release, lambda claim: queue.extend(claim, 1), lambda c: queue.fail(c, "e")):
        with pytest.raises(TypeError, match=r"give one that claim\(\) returned"):
            finish(handle.id)


@pytest.mark.parametrize("task_id", ["1", None, 1.0, True])
def test_what_is_no_id_is_refused(queue: TaskQueue, task_id: Any):
    """Everywhere."""
    for verb in (queue.get, queue.cancel, queue.retry, queue.handle):
        with pytest.raises(TypeError, match="task_id"):
            verb(task_id)


def test_a_payload_may_be_as_long_as_the_queue_was_told(database: QueueDatabase):
    """``max_payload_bytes`` counts bytes of JSON."""
    queue = TaskQueue(database, max_payload_bytes=10)
    assert queue.enqueue("a", "12345678").created
    with pytest.raises(ValueError, match="10 bytes are allowed"):
        queue.enqueue("a", "123456789")


def test_a_closed_queue_is_used_no_more(queue: TaskQueue, database: QueueDatabase):
    """It says so; a database that others share stays open."""
    queue.enqueue("a")
    queue.close()
    with pytest.raises(QueueDatabaseError, match="closed"):
        queue.enqueue("a")
    assert len(TaskQueue(database).find()) == 1


def test_a_queue_that_opened_its_database_closes_it(tmp_path: Path):
    """At the end of its block."""
    with TaskQueue(tmp_path / "queue.db") as queue:
        queue.enqueue("a")
    with pytest.raises(QueueDatabaseError, match="closed"):
        queue.database.execute("SELECT 1")
