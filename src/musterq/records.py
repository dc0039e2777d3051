"""What the queue keeps beside tasks and workers: the ledger, schedules, limits, retention, groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

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


class LogPin(msgspec.Struct, frozen=True, kw_only=True):
    """A process that keeps a reader open, so that the write-ahead log cannot be cut.

    ``frame`` tells which state of the log it reads: one that is seen to read the same state twice is no passing reader.
    """

    pid: int
    command: str
    frame: int = 0


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """Workers that handle a type but do not satisfy what is asked, all in the same requirements.

    Attributes:
        workers: how many.
        lacks: these requirements, by the name of the capability.
        has: what they have under these names, where they have anything: some of the different values, the best first.
    """

    workers: int
    lacks: Mapping[str, Any]
    has: Mapping[str, Sequence[Any]]


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """Why no worker can take a task: in a sentence, and the workers that come near it, the nearest first."""

    reason: str
    misses: tuple[Miss, ...] = ()


class Unservable(msgspec.Struct, frozen=True, kw_only=True):
    """The waiting tasks of one type and compatibility (JSON text), where no worker can take them, and why none can."""

    type: str
    compatibility: str
    waiting: int
    oldest_age_seconds: float | None
    shortfall: Shortfall


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers are meant to be at work that handle all these types and satisfy what is asked.

    Attributes:
        types: None: whatever they handle.
        capabilities: what they must satisfy, as the compatibility of a task; JSON text.
    """

    name: str
    count: int
    types: tuple[str, ...] | None = None
    capabilities: str = "{}"


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that takes no tasks (any more), why, and when it was last seen to be well (text)."""

    worker_id: str
    host: str | None
    reason: str
    last_seen_utc: str


class Turnout(msgspec.Struct, frozen=True, kw_only=True):
    """How an expectation is met: how many such workers take tasks, and which one was the last that ceased to."""

    expectation: Expectation
    alive: int
    last: Gone | None

    @property
    def missing(self) -> int:
        """How many fewer there are than were expected."""
        return max(0, self.expectation.count - self.alive)


class BusyWaits(msgspec.Struct, frozen=True, kw_only=True):
    """How often writers found the database taken by another, and how many seconds they waited; it only goes up."""

    count: int = 0
    seconds: float = 0.0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """When the write-ahead log was last copied into the database, in how long, by which process, and its size then."""

    at: datetime
    seconds: float
    pid: int
    log_bytes: int


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How the database is, at the same small cost at any size.

    Attributes:
        engine: name and version: ``SQLite 3.51.3``.
        database_bytes: its size, without the log.
        free_bytes: how much of that holds nothing now.
        log_bytes: the size of the write-ahead log.
        disk_free_bytes: what this user may still write to the disk; None: the system does not tell.
        copied_at: when the log was last copied into the database, by whatever program.
        last_checkpoint: the last time that one of musterq's processes did it, as it has to where the log has grown.
        busy_waits: of all processes together, as long as the file beside the database that holds it is there.
    """

    engine: str
    database_bytes: int
    free_bytes: int
    log_bytes: int
    disk_free_bytes: int | None = None
    copied_at: datetime | None = None
    last_checkpoint: Checkpoint | None = None
    busy_waits: BusyWaits = BusyWaits()


#: What is tallied, in the order of a task's life, and what is looked at once a minute.
TALLIED = (
    "enqueued",
    "started",
    "completed",
    "failed",
    "cancelled",
    "expired",
    "retried",
    "released",
    "rescued",
    "crashed",
    "refused",
)
GAUGES = ("depth", "active_workers", "utilisation")
#: How long what happened in each minute, hour and day is kept.
KEPT_SECONDS = {"minute": 2 * 86400, "hour": 60 * 86400, "day": 3 * 365 * 86400}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened, and the times that it took together, by buckets of `musterq.histogram`.

    Of a gauge (``depth``, ``active_workers``, ``utilisation``): the mean is ``ms / n``.
    """

    n: int = 0
    ms: int = 0
    buckets: Mapping[int, int] = {}


class HistoryCell(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one step of a range, of one type (empty: of all types together)."""

    place: int  # of the step, from 0
    type: str
    what: str
    tally: Tally


class HistoryRange(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in steps, by the minutes, hours or days that are kept (``span``).

    Attributes:
        start: when it begins, in epoch seconds; a multiple of the step.
        step_seconds: a multiple of the span.
        steps: how many.
        span: ``minute``, ``hour`` or ``day``.
    """

    start: int
    step_seconds: int
    steps: int
    span: str

    @property
    def end(self) -> int:
        """When it ends, in epoch seconds."""
        return self.start + self.steps * self.step_seconds


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an examination of the database looked at.

    Attributes:
        section: what it belongs to, in a word.
        fact: its name, unique.
        verdict: ``ok``, ``warning`` or ``critical``.
        value: what was found: a number, a text, or a list of texts.
        text: the same as a sentence.
        advice: what to do; None: nothing.
    """

    section: str
    fact: str
    verdict: str = "ok"
    value: Any = None
    text: str
    advice: str | None = None


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a queue that was made.

    Attributes:
        path: where it is.
        bytes: its size.
        tasks: how many tasks it holds.
        given_back: how many of them worker processes were at work on; in the copy they are queued again.
        seconds: how long it took, verifying included.
        verified: whether it was read through and found sound.
        remarks: what is not quite right in it, as it is in the original.
        kept: where the file is that it has replaced; None: there was none.
    """

    path: str
    bytes: int
    tasks: int
    given_back: int = 0
    seconds: float = 0.0
    verified: bool = True
    remarks: tuple[str, ...] = ()
    kept: str | None = None


class Vacuumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a database that was made smaller had, and has: its size in bytes, and how much of that is free."""

    bytes_before: int
    bytes_after: int
    free_before: int
    free_after: int
    seconds: float = 0.0


class Discrepancy(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is kept beside the tasks and is not what a full count gives.

    Attributes:
        what: what kind of thing, in a word: ``tasks``, ``waiting``, ``history`` ...
        where: which one of them.
        kept: the figures that are kept, by their names: those that are wrong.
        counted: what they must be.
    """

    what: str
    where: str
    kept: Mapping[str, Any]
    counted: Mapping[str, Any]
