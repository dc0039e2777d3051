"""What is known at a moment: the one thing that views are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from musterq.cli.top.wanted import Which
from musterq.models import Task, TaskStatus

Values = Sequence[float | None]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks there are, by type and status; and which types are paused."""

    tasks: Mapping[tuple[str, TaskStatus], int] = {}
    paused: Sequence[str] = ()

    def by_status(self) -> dict[TaskStatus, int]:
        """All types together."""
        sums = dict.fromkeys(TaskStatus, 0)
        for (_, status), n in self.tasks.items():
            sums[status] += n
        return sums

    def by_type(self) -> dict[str, dict[TaskStatus, int]]:
        """Each type for itself, those that are paused and have no tasks with them."""
        types: dict[str, dict[TaskStatus, int]] = {type: {} for type in self.paused}
        for (type, status), n in self.tasks.items():
            types.setdefault(type, {})[status] = n
        return types


def _unknown(_type: str) -> Values:
    return ()


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """What the small charts show, oldest first: by status, and how many tasks of a type were queued."""

    whole: Mapping[str, Values] = {}
    depth_of: Callable[[str], Values] = _unknown


class WorkerDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A worker, what it holds, and what was taken from it; ``activity`` None: it is not on the roll."""

    worker_id: str
    activity: Mapping[str, Any] | None
    held: Sequence[Task]
    ledger: Sequence[Mapping[str, Any]]


class TaskDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A task and its explanation; None: there is no such task (any more)."""

    task_id: int
    task: Task | None
    explanation: Mapping[str, Any] | None


class Tasks(msgspec.Struct, frozen=True, kw_only=True):
    """The newest tasks of those that were asked for."""

    which: Which
    items: Sequence[Task]
    more: bool  # there are others


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The database does not answer: why, and since when (epoch seconds)."""

    message: str
    since: float


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read; None: not yet."""

    location: str
    at: float = 0.0  # epoch seconds, when counts were read
    counts: Counts = Counts()
    throughput: float | None = None  # finished tasks per second, just now
    metrics: Mapping[str, Any] | None = None
    findings: Sequence[Mapping[str, Any]] = ()
    trends: Trends = Trends()
    workers: Sequence[Mapping[str, Any]] | None = None
    workers_at: float = 0.0
    tasks: Tasks | None = None
    worker: WorkerDetail | None = None
    task: TaskDetail | None = None
    trouble: Trouble | None = None
