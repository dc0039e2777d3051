"""Kills one worker in the middle of its work, as a crash would, and tells what the queue made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from musterq import QueueMonitoring, Task, TaskQueue

HALFWAY = 0.5
PATIENCE_SECONDS = 5.0


class Killed(NamedTuple):
    """A worker that was killed: its name, its process, and when."""

    name: str
    pid: int
    at: datetime

    @classmethod
    def now(cls, name: str, pid: int) -> Killed:
        """At this moment."""
        return cls(name, pid, datetime.now(UTC))


class Rescued(NamedTuple):
    """What became of the tasks that it held: found dead and given back after so long, run again after so long."""

    tasks: list[Task]
    found_seconds: float
    again_seconds: float | None  # None: not all of them have started again yet


def rescued_from(killed: Killed, queue: TaskQueue) -> Rescued | None:
    """Read it from the ledger and the tasks; None: it held nothing, or nobody has found it dead within 5 s."""
    monitoring = QueueMonitoring(queue.database)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (entries := _entries(monitoring, killed)):
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    tasks = [task for entry in entries if (task := queue.get(entry["task_id"])) is not None]
    starts = [task.processing_started_utc for task in tasks]
    begun = [start for start in starts if start is not None]
    found = min(_moment(entry) for entry in entries)
    again = (max(begun) - killed.at).total_seconds() if len(begun) == len(tasks) else None
    return Rescued(tasks, (found - killed.at).total_seconds(), again)


def _entries(monitoring: QueueMonitoring, killed: Killed) -> list[dict[str, Any]]:
    rows = monitoring.get_ledger(worker_id=killed.name)
    return [row for row in rows if row["event"] == "rescued" and _moment(row) >= killed.at]


def _moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(f"{entry['at_utc']}+00:00")
