"""What the queue is about: tasks, workers, claims, and the moves a task may make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from signal import Signals
from typing import Any, Self

import msgspec

from musterq.clock import datetime_to_text, text_to_datetime

DEFAULT_PRIORITY = 100
DEFAULT_MAX_ATTEMPTS = 5
DEFAULT_MAX_CRASHES = 3
ACTIVE_SECONDS = 60
STALE_SECONDS = 300
WORKER_LEASE_SECONDS = 60.0
#: The states of a worker in which it takes tasks, at once or when it has ended others; in no other one does it.
TAKES_TASKS = frozenset({"starting", "idle", "busy"})


class TaskStatus(StrEnum):
    """Where a task stands."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})

_S = TaskStatus
#: From each status (None: not there yet) to each status it may move to, and by which verbs.
MOVES: Mapping[TaskStatus | None, Mapping[TaskStatus, frozenset[str]]] = {
    None: {_S.QUEUED: frozenset({"enqueue"}), _S.SCHEDULED: frozenset({"enqueue"})},
    _S.SCHEDULED: {
        _S.QUEUED: frozenset({"promote", "claim", "parts"}),  # parts: what it waits for is completed,
        _S.CANCELLED: frozenset({"cancel", "parts"}),  # or has ended otherwise,
    },
    _S.QUEUED: {
        _S.PROCESSING: frozenset({"claim"}),
        _S.SCHEDULED: frozenset({"parts"}),  # or is to run again
        _S.CANCELLED: frozenset({"cancel"}),
        _S.FAILED: frozenset({"claim", "expire"}),  # expired before it was started, or its payload is broken
    },
    _S.PROCESSING: {
        _S.COMPLETED: frozenset({"finish"}),
        _S.FAILED: frozenset({"finish", "rescue"}),
        _S.SCHEDULED: frozenset({"finish"}),  # a retry with a delay
        _S.QUEUED: frozenset({"release", "rescue"}),
        _S.CANCELLED: frozenset({"finish", "release", "rescue"}),  # asked for by cancel
    },
    _S.FAILED: {_S.QUEUED: frozenset({"retry"}), _S.SCHEDULED: frozenset({"retry"})},
    _S.CANCELLED: {_S.QUEUED: frozenset({"retry"}), _S.SCHEDULED: frozenset({"retry"})},
    _S.COMPLETED: {_S.QUEUED: frozenset({"retry"}), _S.SCHEDULED: frozenset({"retry"})},
}


class SchedulingStrategy(StrEnum):
    """The order in which a worker takes tasks."""

    FIFO = "fifo"
    LIFO = "lifo"
    PRIORITY = "priority"
    WEIGHTED_RANDOM = "weighted_random"


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a task waits before its next attempt: initial × factor^(attempt − 1), bounded, ± jitter."""

    initial_seconds: float = 1.0
    factor: float = 2.0
    max_seconds: float = 300.0
    jitter: float = 0.1


DEFAULT_RETRY = RetryPolicy()


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it is written: checked, its JSON already text."""

    type: str
    payload: str
    priority: int = DEFAULT_PRIORITY
    compatibility: str = "{}"
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    max_crashes: int = DEFAULT_MAX_CRASHES
    run_after: datetime | None = None  # None: at once
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    concurrency_key: str | None = None
    headers: str | None = None
    retry: RetryPolicy | None = None  # None: the default policy
    timeout_seconds: float | None = None
    hard_timeout_seconds: float | None = None
    concurrency_limit: int | None = None  # None: 1, where there is a key


class Enqueued(msgspec.Struct, frozen=True):
    """The id a task has, and whether this call created it (its idempotency key was new)."""

    id: int
    created: bool


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table: built from any mapping by column names, shown as a plain dict."""

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Build it from a mapping or a row read by name; what it does not know is left out.

        Raises:
            KeyError: if a column without a default is missing.
        """
        present = set(row.keys())
        values = {name: row[name] for name in cls.__struct_fields__ if name in present}
        for name in cls.__struct_fields__:
            if name.endswith("_utc") and isinstance(values.get(name), str):
                values[name] = text_to_datetime(values[name])
        try:
            return cls(**values)
        except TypeError as error:
            raise KeyError(f"{cls.__name__} cannot be made of {sorted(present)}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Column names to values; times are text, as they are stored."""
        values = msgspec.structs.asdict(self)
        return {name: datetime_to_text(v) if isinstance(v, datetime) else v for name, v in values.items()}


class Task(_Row, frozen=True, kw_only=True):
    """A unit of work as it stands in the database; ``payload`` and ``compatibility`` are JSON text."""

    id: int
    type: str
    payload: str
    priority: int = DEFAULT_PRIORITY
    compatibility: str = "{}"
    status: str = TaskStatus.QUEUED.value
    attempts: int = 0
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    run_after_utc: datetime | None = None
    lease_until_utc: datetime | None = None
    reserved_at_utc: datetime | None = None
    processing_started_utc: datetime | None = None
    finished_at_utc: datetime | None = None
    locked_by: str | None = None
    error_message: str | None = None
    idempotency_key: str | None = None
    created_at_utc: datetime | None = None
    updated_at_utc: datetime | None = None
    crashes: int = 0
    max_crashes: int = DEFAULT_MAX_CRASHES
    expires_at_utc: datetime | None = None
    timeout_seconds: float | None = None
    hard_timeout_seconds: float | None = None
    concurrency_key: str | None = None
    concurrency_limit: int | None = None
    held: bool = False
    suspect: bool = False
    group_id: int | None = None
    next_id: int | None = None
    awaits: int | None = None
    cancel_requested: bool = False
    progress: float | None = None
    progress_message: str | None = None
    headers: str | None = None
    result: str | None = None

    def get_payload_dict(self) -> Any:
        """The payload, decoded; ValueError if plain SQL put in text that is not JSON."""
        return json.loads(self.payload)

    def get_compatibility_dict(self) -> dict[str, Any]:
        """What the task asks of a worker, decoded."""
        decoded: dict[str, Any] = json.loads(self.compatibility)
        return decoded

    def get_result(self) -> Any:
        """What the handler returned, decoded; None while there is none."""
        return None if self.result is None else json.loads(self.result)


class Worker(_Row, frozen=True, kw_only=True):
    """A registered worker; ``capabilities`` is JSON text."""

    worker_id: str
    capabilities: str = "{}"
    heartbeat_utc: datetime

    def get_capabilities_dict(self) -> dict[str, Any]:
        """What the worker can do, decoded."""
        decoded: dict[str, Any] = json.loads(self.capabilities)
        return decoded


class WorkerActivity(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a worker right now, its heartbeat's age judged by the database's clocks."""

    worker_id: str
    capabilities: str
    heartbeat_utc: str
    heartbeat_age_seconds: float
    status: str
    status_reason: str
    status_since_utc: str
    tasks_in_flight: int
    host: str | None
    pid: int | None
    types: tuple[str, ...] | None = None  # None: every type
    concurrency: int | None = None  # this and what follows: None for a worker that no worker process registered
    strategy: str | None = None
    version: str | None = None
    started_at_utc: str | None = None
    python: str | None = None
    sqlite: str | None = None  # None also where the queue is not in SQLite
    settings: str | None = None  # JSON text


class WorkerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process tells of itself when it registers; ``settings`` is JSON text: the options it works by."""

    host: str
    pid: int
    lease_seconds: float = WORKER_LEASE_SECONDS
    beat_seconds: float | None = None
    concurrency: int | None = None
    strategy: str | None = None
    types: tuple[str, ...] | None = None
    version: str | None = None
    python: str | None = None
    settings: str | None = None


class ClaimRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants how many tasks, of which kind, in which order, and for how long.

    ``lease_seconds`` None: the worker's own heartbeat is the lease. ``capabilities`` None: the
    registered ones. ``types`` None: every type. ``seed`` makes WEIGHTED_RANDOM repeatable.
    ``register_unknown`` False: a worker that is not registered (any more) gets nothing. ``ahead`` more tasks are
    taken without being started, as stock: they are not charged for a crash until `exchange` is told that they began.
    ``max_wait_seconds``: with PRIORITY, a task that has waited longer than this is taken first.
    """

    worker_id: str
    limit: int = 1
    ahead: int = 0
    types: frozenset[str] | None = None
    capabilities: Mapping[str, Any] | None = None
    strategy: SchedulingStrategy = SchedulingStrategy.PRIORITY
    lease_seconds: float | None = WORKER_LEASE_SECONDS
    seed: int | None = None
    register_unknown: bool = True
    max_wait_seconds: float | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A task taken for one attempt. ``(task_id, claim_token)`` is the fence: only its holder can finish it."""

    task_id: int
    claim_token: int
    worker_id: str
    type: str
    payload: str
    arguments: Any  # the payload, decoded
    priority: int
    compatibility: str
    attempts: int  # this one included
    max_attempts: int
    crashes: int
    max_crashes: int
    lease_until_utc: datetime | None
    created_at_utc: datetime
    claimed_at: float  # epoch seconds
    waited_ms: int = 0  # from when it could run, created or due, to the claim
    started: bool = True  # False: taken ahead
    timeout_seconds: float | None = None
    hard_timeout_seconds: float | None = None
    suspect: bool = False  # its process died while it ran: it is to run alone, in a child process
    retry: RetryPolicy = DEFAULT_RETRY
    headers: str | None = None


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """How a child process died, as far as that is known: its signal, or its exit code; its largest resident memory."""

    signal: int | None = None
    exit_code: int | None = None
    peak_bytes: int | None = None

    @classmethod
    def of(cls, code: int, peak_bytes: int | None) -> Self:
        """The same from an exit code as `subprocess` tells it: minus the number of the signal that killed it."""
        if code < 0:
            return cls(signal=-code, peak_bytes=peak_bytes)
        return cls(exit_code=code, peak_bytes=peak_bytes)

    @property
    def words(self) -> str:
        """How it died, to be read after "the process"."""
        memory = "" if self.peak_bytes is None else f" (peak memory {max(1, round(self.peak_bytes / 2**20))} MiB)"
        if self.signal is not None:
            return f"was killed by {_signal_name(self.signal)}{memory}"
        return f"{'ended' if self.exit_code is None else f'exited with code {self.exit_code}'}{memory}"


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:  # a real-time one has no name
        return f"signal {number}"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended; ``status`` says where the task goes.

    Completed with ``result`` (JSON text); failed with ``error``, for good; scheduled with ``error``
    after ``retry_in_seconds`` (the storage makes it failed where no attempt is left, cancelled where
    that was asked for); queued: given back unstarted, without using the attempt; cancelled. With a ``crash``
    and ``error``: the process that ran it died, which is charged as a rescue charges it, whatever the status.
    """

    claim: Claim
    status: TaskStatus
    result: str | None = None
    error: str | None = None
    traceback: str | None = None
    retry_in_seconds: float = 0.0
    crash: Crash | None = None
    error_type: str | None = None  # of the exception, with its module
    started_at: float | None = None  # epoch seconds, when it is not the time of the claim
    finished_at: float | None = None  # epoch seconds, when it is not now


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks a listing shows, newest id first; ``before_id`` is where the last page ended."""

    status: TaskStatus | None = None
    type: str | None = None
    limit: int = 50
    before_id: int | None = None


class RunStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the finished tasks of one status that are in the database now; None: none was timed."""

    status: str
    count: int
    avg_attempts: float
    avg_run_seconds: float | None
    p50_run_seconds: float | None
    p95_run_seconds: float | None
    p99_run_seconds: float | None


class QueueMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the queue, read from counters; ``counts``: tasks by type and status."""

    counts: dict[tuple[str, str], int]
    oldest_queued_seconds_by_type: dict[str, float]

    depth_by_status: dict[str, int]
    queued_by_type: dict[str, int]
    oldest_queued_age_seconds: float | None
    statistics: dict[str, RunStatistics]
    total_workers: int
    active_workers: int
    stale_workers: int


class LostWorker(msgspec.Struct, frozen=True, kw_only=True):
    """Who was found dead (``lock free``) or silent for its lease (``heartbeat too old``), and what it held."""

    worker_id: str
    reason: str
    tasks: tuple[int, ...] = ()


class Rescued(msgspec.Struct, frozen=True, kw_only=True):
    """What a rescue gave back: the tasks queued again, those whose crash budget was used up; and who was lost."""

    queued: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    cancelled: tuple[int, ...] = ()
    lost: tuple[LostWorker, ...] = ()
