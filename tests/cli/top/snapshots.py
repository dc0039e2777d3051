"""Snapshots as a queue could give them."""

from __future__ import annotations

from typing import Any

from musterq.cli.top.snapshot import Counts, Snapshot, TaskDetail, Tasks, Trends, WorkerDetail
from musterq.cli.top.wanted import Which
from musterq.clock import text_to_datetime
from musterq.models import Task, TaskStatus

NOW = "2026-05-04 12:00:00.000"
EPOCH = text_to_datetime(NOW).timestamp()
HOSTILE = "evil\x1b[2J\x1b]0;title\x07\r\n\u202e画像"
RUNNING = Which(TaskStatus.PROCESSING)
_TIMES: dict[str, Any] = {"count": 9, "sum": 1.0, "avg": 0.1, "p50": 0.0125, "p95": 0.25, "p99": 1.5}
_SPAN: dict[str, Any] = {"completed": 540, "failed": 60, "wait_seconds": _TIMES, "run_seconds": _TIMES}


def task(id: int, **values: Any) -> Task:
    """A task that came in a minute ago."""
    created = text_to_datetime("2026-05-04 11:59:00.000")
    return Task(id=id, **{"type": "thumbnail", "payload": "{}", "created_at_utc": created, **values})


def running(id: int, **values: Any) -> Task:
    """One that was started ten seconds ago."""
    began = text_to_datetime("2026-05-04 11:59:50.000")
    status = TaskStatus.PROCESSING.value
    return task(id, **{"status": status, "attempts": 1, "locked_by": "w-1", "processing_started_utc": began, **values})


def worker(worker_id: str, status: str = "idle", **values: Any) -> dict[str, Any]:
    """A worker as reports have it."""
    return {
        "worker_id": worker_id,
        "capabilities": '{"cpu": 8}',
        "heartbeat_utc": NOW,
        "seconds_since_heartbeat": 3,
        "status": status,
        "status_reason": "it holds no task",
        "status_since_utc": NOW,
        "tasks_in_flight": 0,
        "host": "node-1",
        "pid": 4711,
        "concurrency": 8,
        "types": ["thumbnail"],
        "version": "1.0",
        **values,
    }


def finding(
    severity: str = "critical", check: str = "lost", subject: str | None = "w-2", **values: Any
) -> dict[str, Any]:
    """A finding as reports have it."""
    what = f"worker {subject} is lost"
    since = "2026-05-04 11:57:00.000"
    found = {"severity": severity, "check": check, "subject": subject, "what": what, "since_utc": since}
    return {**found, "advice": "start another one", **values}


def snapshot(**values: Any) -> Snapshot:
    """A queue of two types, two workers and a finding."""
    tasks = {
        ("thumbnail", TaskStatus.QUEUED): 1_234_567,
        ("thumbnail", TaskStatus.PROCESSING): 2,
        ("thumbnail", TaskStatus.COMPLETED): 99,
        ("mail", TaskStatus.QUEUED): 7,
        ("mail", TaskStatus.FAILED): 3,
    }
    metrics = {
        "oldest_queued_task_age_seconds": 750,
        "active_workers": 1,
        "total_workers": 2,
        "stale_workers": 1,
        "missing_workers": 0,
        "unservable_tasks": 4,
        "last_minute": _SPAN,
        "last_hour": _SPAN,
        "by_type": {"mail": {"oldest_queued_task_age_seconds": 30, "wait_seconds": _TIMES, "run_seconds": _TIMES}},
    }
    known: dict[str, Any] = {
        "location": "/data/queue.db",
        "at": EPOCH,
        "counts": Counts(tasks=tasks, paused=["mail"]),
        "throughput": 125.0,
        "metrics": metrics,
        "findings": [finding()],
        "trends": Trends(whole={"queued": [1, 2, 3]}, depth_of=lambda type: [1, 2] if type == "mail" else []),
        "workers": [worker("w-1", "busy", tasks_in_flight=2), worker("w-2", "lost", seconds_since_heartbeat=400)],
        "workers_at": EPOCH,
        "tasks": Tasks(which=RUNNING, items=[running(17, progress=0.4, progress_message="page 4 of 10")], more=False),
    }
    return Snapshot(**{**known, **values})


def worker_detail(worker_id: str = "w-1", **values: Any) -> WorkerDetail:
    """A worker from close by."""
    known: dict[str, Any] = {"activity": worker(worker_id, "busy"), "held": [running(17)], "ledger": []}
    return WorkerDetail(worker_id=worker_id, **{**known, **values})


def task_detail(found: Task, **values: Any) -> TaskDetail:
    """A task from close by."""
    told: dict[str, Any] = {
        "summary": f"task {found.id} waits: it is due later",
        "reasons": [{"reason": "due later", "text": "it is due later"}, {"reason": "paused", "text": "it is paused"}],
        "attempts": [
            {
                "attempt": 1,
                "outcome": "failed",
                "worker_id": "w-1",
                "run_seconds": 2.5,
                "error": "no such file",
                "traceback": None,
            }
        ],
        "rescues": [],
        "logs": [{"at_utc": NOW, "level": "INFO", "message": "page 1", "details": {"page": 1}}],
        **values,
    }
    return TaskDetail(task_id=found.id, task=found, explanation=told)
