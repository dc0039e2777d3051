"""Short words for what the suite does all the time, and the engine-neutral comparison of counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from musterq.models import Claim, ClaimRequest, NewTask, Outcome, TaskStatus, WorkerFacts
from musterq.records import LogLine
from musterq.storage.base import Storage

FACTS = WorkerFacts(host="host-1", pid=4711)


def put(storage: Storage, type: str = "mail", payload: str = "{}", **options: Any) -> int:
    """Enqueue a task; its id."""
    return storage.enqueue([NewTask(type=type, payload=payload, **options)])[0].id


def take(storage: Storage, worker: str = "worker-1", **wish: Any) -> list[Claim]:
    """Claim tasks."""
    return storage.claim(ClaimRequest(worker_id=worker, **wish))


def take_one(storage: Storage, worker: str = "worker-1", **wish: Any) -> Claim:
    """Claim the one task that is expected."""
    (claim,) = take(storage, worker, **wish)
    return claim


def taken(claims: list[Claim]) -> list[int]:
    """The ids of claims, in their order."""
    return [claim.task_id for claim in claims]


def end(storage: Storage, claim: Claim, status: TaskStatus = TaskStatus.COMPLETED, **facts: Any) -> bool:
    """Finish an attempt; whether the claim was still held."""
    return storage.finish([Outcome(claim=claim, status=status, **facts)])[0]


def release(storage: Storage, claim: Claim) -> bool:
    """Give a task back unstarted."""
    return end(storage, claim, TaskStatus.QUEUED)


def say(storage: Storage, claim: Claim, message: str, details: str | None = None) -> None:
    """Keep a log line of a task, as of now."""
    fence = {"task_id": claim.task_id, "claim_token": claim.claim_token}
    storage.log([LogLine(**fence, at=storage.clock.time(), level="INFO", message=message, details=details)])


def status(storage: Storage, task_id: int) -> str:
    """Where a task stands."""
    task = storage.get(task_id)
    assert task is not None, f"there is no task {task_id}"
    return task.status


def check_counts(storage: Storage) -> None:
    """Every number of the verbs against a full count."""
    rows = storage.execute("SELECT type, status, count(*) FROM task_queue GROUP BY type, status").fetchall()
    full = {(type, TaskStatus(status)): n for type, status, n in (tuple(row) for row in rows)}
    assert storage.task_counts() == full
    metrics = storage.metrics()
    by_status: Counter[str] = Counter()
    for (_, status), n in full.items():
        by_status[status.value] += n
    assert metrics.depth_by_status == dict(by_status)
    queued = {type: n for (type, status), n in full.items() if status is TaskStatus.QUEUED}
    assert metrics.queued_by_type == {_text_of(type): n for type, n in queued.items()}
    assert set(metrics.statistics) == {status for status in ("completed", "failed") if by_status[status]}
    assert all(figures.count == by_status[status] for status, figures in metrics.statistics.items())
    assert storage.types() == sorted({type for type, _ in full})


def _text_of(type: str | bytes) -> str:
    """What plain SQL put in as bytes is told as text."""
    return type if isinstance(type, str) else type.decode(errors="backslashreplace")
