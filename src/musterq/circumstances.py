"""What surrounds one task: its attempts and log, what it waits for, who is before it, and who could take it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from musterq.models import Task, WorkerActivity
from musterq.records import LedgerEntry


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that did not complete: ``outcome`` is ``failed``, ``cancelled``, or ``lost`` (its process died).

    Attributes:
        started_at_utc: None: it had not begun.
        signal, exit_code, peak_bytes: of a process that died, where that is known.
    """

    attempt: int
    outcome: str
    worker_id: str | None = None
    started_at_utc: datetime | None = None
    finished_at_utc: datetime | None = None
    error: str | None = None
    traceback: str | None = None
    signal: int | None = None
    exit_code: int | None = None
    peak_bytes: int | None = None


class KeptLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a task's log; ``details`` is JSON text."""

    at_utc: datetime
    level: str
    message: str | None = None
    details: str | None = None


class OtherTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that another one waits for, or that has the place which that one needs."""

    id: int
    type: str
    status: str
    worker_id: str | None = None


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks are before one; counting stops somewhere, and then it is not ``exact``: at least so many."""

    count: int
    exact: bool = True


class LanePlace(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a queued task among the ``waiting`` ones of its lane, in the two orders that do not draw lots."""

    waiting: int
    by_priority: Before
    by_id: Before


class LimitNow(msgspec.Struct, frozen=True, kw_only=True):
    """The limit of a type, and what counts against it.

    Attributes:
        running: how many of its tasks are claimed now.
        seconds_to_token: until one may start by its rate; None: at once.
        holders: some of those that are claimed, where they have all places.
    """

    max_running: int | None
    running: int
    rate_count: int | None
    rate_seconds: float | None
    seconds_to_token: float | None
    holders: tuple[OtherTask, ...] = ()


class KeyNow(msgspec.Struct, frozen=True, kw_only=True):
    """The places of a concurrency key, some of those that have them, and how many get one before the held task."""

    places: int
    holders: tuple[OtherTask, ...]
    before: Before


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """A task and what is around it, all of one moment. What its status leaves without meaning is None or empty.

    Attributes:
        now: that moment, by the database's clock.
        attempts: the newest ones that did not complete, oldest first.
        rescues: the newest entries of the ledger about it, newest first.
        logs: the last lines of its log, oldest first.
        paused_since: since when its type is paused; None: it is not.
        awaited: some tasks before it that are not completed.
        begins_with: the task that has to end first of all before it, where that is another one than those.
        workers: all workers, of a task that waits.
        holder: the worker that holds it; None also where nobody of this id is registered.
        lease_seconds: until its claim may be given to another; negative: since then it may be.
    """

    now: datetime
    task: Task
    attempts: tuple[Attempt, ...] = ()
    rescues: tuple[LedgerEntry, ...] = ()
    logs: tuple[KeptLine, ...] = ()
    paused_since: datetime | None = None
    limit: LimitNow | None = None
    key: KeyNow | None = None
    place: LanePlace | None = None
    awaited: tuple[OtherTask, ...] = ()
    begins_with: OtherTask | None = None
    workers: tuple[WorkerActivity, ...] = ()
    holder: WorkerActivity | None = None
    lease_seconds: float | None = None
