"""What the queue keeps beside tasks and workers: the ledger, schedules, limits, retention, groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process says of itself with a beat: its state, why, and since when (epoch seconds)."""

    state: str
    reason: str
    since: float


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger: a task that was taken from its worker, or a finish that came too late.

    Attributes:
        event: ``rescued`` or ``refused``.
        reason: ``lock free``, ``lease over``, ``removed``, ``heartbeat too old``, ``child died``, ``orphan``, or
            ``not held``.
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


class GroupProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a group is: its parts by status, without zeros."""

    total: int
    by_status: Mapping[str, int]


class LogPin(msgspec.Struct, frozen=True, kw_only=True):
    """A process that keeps a reader open, so that the write-ahead log cannot be cut."""

    pid: int
    command: str
