"""What the queue keeps beside tasks and workers: the ledger, schedules, limits, retention, groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from musterq.models import FINISHED, NewTask


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process says of itself with a beat: its state, why, and since when (epoch seconds)."""

    state: str
    reason: str
    since: float


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger: a task that was taken from its worker, or a finish that came too late.

    Attributes:
        event: ``rescued`` or ``refused``.
        reason: ``lock free``, ``lease over``, ``removed``, ``heartbeat too old``, ``child died``, ``orphan``,
            ``copied``, or ``not held``.
        became: the status that the task was given, or the one that was refused.
        last_heartbeat_utc: of the worker, when it was judged.
        lost_seconds: how long the attempt had been running.
        detail: how its process died, where that is known.
    """

    ledger_id: int
    at_utc: datetime
    event: str
    task_id: int
    type: str | None = None
    attempt: int | None = None
    worker_id: str | None = None
    host: str | None = None
    pid: int | None = None
    reason: str
    became: str | None = None
    last_heartbeat_utc: datetime | None = None
    lost_seconds: float | None = None
    detail: str | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the log of a task; ``details`` is JSON text."""

    task_id: int
    claim_token: int
    at: float  # epoch seconds
    level: str
    message: str
    details: str | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """What is enqueued by the clock: ``timing`` is a cron expression or ``every N`` (seconds)."""

    name: str
    type: str
    timing: str
    timezone: str
    catch_up: str
    task: str  # JSON text of a NewTask
    next_at: datetime
    last_at: datetime | None = None
    paused: bool = False


class TypeLimit(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks of a type may run at once, and how many may start within so many seconds; None: no bound."""

    max_running: int | None = None
    rate_count: int | None = None
    rate_seconds: float | None = None


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long rows of one kind are kept, and how many; None: no bound."""

    max_age_seconds: float | None = None
    max_count: int | None = None


class PruneStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of the pruner took away; ``held_seconds``: how long writers were kept waiting for it."""

    tasks: int = 0
    entries: int = 0
    more: bool = False
    held_seconds: float = 0.0


class Reclaimed(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes the file gave back, and whether it can give more."""

    bytes: int = 0
    more: bool = False
    held_seconds: float = 0.0


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What pruning came to: tasks and entries of the ledger that are gone, and bytes that the file gave back."""

    tasks: int = 0
    entries: int = 0
    bytes: int = 0


class LifetimeTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Finished tasks of one type and status, also those that were pruned; the sums are of completed and failed ones."""

    count: int
    attempts: int
    run_seconds: float


class GroupProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a group is: its parts by status, without zeros."""

    total: int
    by_status: Mapping[str, int]

    @property
    def done(self) -> float:
        """The share of its parts that have finished, however they ended: 0 to 1."""
        return sum(n for status, n in self.by_status.items() if status in FINISHED) / self.total


class NewPart(msgspec.Struct, frozen=True, kw_only=True):
    """A task with its place among others that are written with it, which it names by their places in the list.

    Attributes:
        next: what follows it: a task, or the first one of a group.
        group: the first one of the group that it is in.
        waits: whether it follows anything; it then starts when all of that is completed.
        joins: how many results it is given as a list; None: the one of the task before it.
        result_argument: the argument that these are given as; None: they are dropped.
    """

    task: NewTask
    next: int | None = None
    group: int | None = None
    waits: bool = False
    joins: int | None = None
    result_argument: str | None = None
