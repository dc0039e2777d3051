"""Short words for what the tests of explain do."""

from __future__ import annotations

from typing import Any

from musterq.models import Claim, ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.records import NewPart
from musterq.storage.base import Storage


def put(storage: Storage, type: str = "mail", payload: str = "{}", **options: Any) -> int:
    """Enqueue a task; its id."""
    return storage.enqueue([NewTask(type=type, payload=payload, **options)])[0].id


def take(storage: Storage, worker_id: str = "worker-01", **wish: Any) -> Claim:
    """Claim one task."""
    return storage.claim(ClaimRequest(worker_id=worker_id, **wish))[0]


def end(storage: Storage, claim: Claim, status: TaskStatus = TaskStatus.COMPLETED, **facts: Any) -> None:
    """Finish an attempt."""
    assert storage.finish([Outcome(claim=claim, status=status, **facts)]) == [True]


def chain(storage: Storage, *types: str) -> list[int]:
    """Tasks of which each waits for the one before it."""
    last = len(types) - 1
    parts = [
        NewPart(task=NewTask(type=type, payload="{}"), next=None if at == last else at + 1, waits=at > 0)
        for at, type in enumerate(types)
    ]
    return storage.enqueue_parts(parts)


def explained(monitoring: QueueMonitoring, task_id: int) -> dict[str, Any]:
    """Why a task that is there is where it is."""
    found = monitoring.explain(task_id)
    assert found is not None
    return found


def reasons(monitoring: QueueMonitoring, task_id: int) -> list[str]:
    """The words of all reasons, the most decisive first."""
    return [reason["reason"] for reason in explained(monitoring, task_id)["reasons"]]


def reason(monitoring: QueueMonitoring, task_id: int, word: str) -> dict[str, Any]:
    """One reason of several."""
    (found,) = [found for found in explained(monitoring, task_id)["reasons"] if found["reason"] == word]
    return found
