"""The raw code that musterq is measured against does the same work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.raw import WORKER_ID, RawQueue
from benchmarks.setting import PAYLOAD
from musterq import TaskQueue


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def raw(path: Path) -> Iterator[RawQueue]:
    with RawQueue(path, limit=3) as queue:
        yield queue


def test_what_it_enqueues_is_a_task_like_any_other(raw: RawQueue, path: Path):
    """One at a time, and many at once."""
    raw.enqueue()
    raw.enqueue_many(2)
    with TaskQueue(path) as queue:
        claims = queue.claim("worker-01", limit=10)
    assert [claim.arguments for claim in claims] == [PAYLOAD] * 3


def test_what_it_claims_and_completes_is_completed(raw: RawQueue, path: Path):
    """With a token of its own, by the worker that it says it is."""
    raw.enqueue_many(3)
    held = raw.claim()
    raw.complete(held[0])
    with TaskQueue(path) as queue:
        tasks = [queue.get(task_id) for task_id, _ in held]
    assert [(task.status, task.locked_by) for task in tasks if task] == [
        ("completed", WORKER_ID),
        ("processing", WORKER_ID),
        ("processing", WORKER_ID),
    ]


def test_it_empties_a_queue_in_batches(raw: RawQueue, path: Path):
    """Each batch is completed in the transaction that claims the next."""
    raw.enqueue_many(7)
    batches = [held := raw.claim()]
    while held:
        batches.append(held := raw.complete_and_claim(held))
    assert [len(batch) for batch in batches] == [3, 3, 1, 0]
    with TaskQueue(path) as queue:
        assert queue.storage.metrics().depth_by_status.keys() == {"completed"}
