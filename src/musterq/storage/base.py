"""The seam between storage and everything above it: the verbs of a queue.

Nothing above this line knows SQL or which engine runs below. What one engine lacks is a question
it answers (`can_notify`), not its name. Values that come in are checked already (`musterq.checks`);
an engine adds what only the database can know.

Every verb raises `QueueDatabaseError` (or its children `QueueBusyError`, `QueueSchemaError`) with the
driver's error as its cause, and then has changed nothing. Every verb may be called from any thread,
and from a child after a fork. A verb that is called within ``transaction()`` of the same thread joins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from musterq.clock import Clock
from musterq.models import (
    Claim,
    ClaimRequest,
    Enqueued,
    NewTask,
    Outcome,
    QueueMetrics,
    Rescued,
    Task,
    TaskFilter,
    TaskStatus,
    Worker,
    WorkerActivity,
    WorkerFacts,
)
from musterq.records import (
    GroupProgress,
    LedgerEntry,
    LifetimeTotal,
    LogLine,
    LogPin,
    NewPart,
    PruneStep,
    Pulse,
    Reclaimed,
    Retention,
    Schedule,
    TypeLimit,
)


class LivenessLock(Protocol):
    """A lock that dies with the process that holds it: free means certainly dead."""

    def begin(self, slot: int, token: int) -> None:
        """Note the token of the claim that a thread (``slot``: its number) is about to run.

        It costs next to nothing, and tells exactly which tasks are to be charged if the process dies.
        """

    def release(self, *, forgotten: bool = True) -> None:
        """Let it go, on a clean stop; ``forgotten``: the worker is not registered any more."""


class Waiter(Protocol):
    """Sleeps until the queue changed, somebody calls `wake`, or the time is over. One thread waits at a time."""

    def wait(self, seconds: float) -> None:
        """Return at once when something happened since the last `wait` returned, else within ``seconds``.

        It may also return early for no reason: whoever waits looks again each time.
        """

    def wake(self) -> None:
        """Make the current or the next `wait` return at once; callable from any thread and signal handler."""

    def close(self) -> None:
        """Give back what it holds."""


class Storage(Protocol):
    """A queue in some database."""

    clock: Clock

    @property
    def location(self) -> str:
        """Where the queue is: a path or a URL without its password."""

    @property
    def opening(self) -> dict[str, Any]:
        """The arguments with which `open_storage` opens the same queue in another process."""

    @property
    def can_notify(self) -> bool:
        """Whether a `waiter` is woken by changes; if not, it only sleeps and whoever waits must poll."""

    # -- the schema ------------------------------------------------------------------------------
    def initialize_schema(self) -> None:
        """Create the tables or upgrade older ones, in one transaction; safe to call by many processes at once.

        Raises:
            QueueSchemaError: the tables are of a newer musterq.
        """

    def ensure_schema(self) -> None:
        """Check before first use that the tables are this version's; initialise a new or empty file of its own.

        Raises:
            QueueSchemaError: an application's database without the tables, or tables of another version.
        """

    # -- tasks -----------------------------------------------------------------------------------
    def enqueue(self, tasks: Sequence[NewTask], *, within: Any = None) -> list[Enqueued]:
        """Write all tasks in one transaction, or none. A known idempotency key gives the task that has it.

        ``within`` is a caller's own connection, in a transaction that he commits or rolls back himself.

        Raises:
            TypeError, ValueError: ``within`` is of another library, to another database, or not in a transaction.
        """

    def get(self, task_id: int) -> Task | None:
        """One task, or None."""

    def find(self, which: TaskFilter) -> list[Task]:
        """Tasks by status and type, newest id first."""

    def cancel(self, task_id: int) -> bool:
        """Cancel what waits; ask a running task to stop. False: it has finished or is not there."""

    def retry(self, task_id: int, *, delay_seconds: float = 0.0) -> bool:
        """Queue a finished task again, attempts and crashes from zero. False: not finished, or not there.

        What was cancelled since it waits for this task waits again. False, too: it waits for tasks that have stopped.
        """

    def pause(self, type: str) -> None:
        """No task of this type is claimed until `resume`; running ones go on."""

    def resume(self, type: str) -> bool:
        """End a pause. False: it was not paused."""

    def paused_types(self) -> list[str]:
        """The types that are paused, in order."""

    def types(self) -> list[str]:
        """The types that the database has tasks of, in order."""

    # -- parts -----------------------------------------------------------------------------------
    def enqueue_parts(self, parts: Sequence[NewPart], *, within: Any = None) -> list[int]:
        """Write tasks that follow one another in one transaction, or none; their ids, in order.

        ``within`` is as of `enqueue`, with its errors. One that follows others is scheduled, and becomes queued when
        the last of them is completed, by whatever statement. If one of them fails or is cancelled, all that waits
        behind it is cancelled, until that one is retried; if it is deleted before it is completed, for good. A claim
        has the results of what was before it among its arguments.
        """

    def group_progress(self, group_id: int) -> GroupProgress | None:
        """How far a group is, from an index; None if there is none."""

    def cancel_group(self, group_id: int) -> int:
        """Cancel what waits of a group, and ask what runs to stop; returns how many these are."""

    # -- attempts --------------------------------------------------------------------------------
    def claim(self, request: ClaimRequest) -> list[Claim]:
        """Take up to ``limit`` tasks that the worker may serve, in the order of its strategy.

        First moves up to 100 due tasks to queued and brings back what leases gave up. Tasks that have
        expired or whose payload is broken become failed instead of being returned.
        """

    def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Write how attempts ended. False where the claim is no longer held: nothing was changed there."""

    def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, *, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        """`finish` and then `claim`, in one transaction; ``request`` None claims nothing.

        ``begun`` are claims taken ahead that have been started meanwhile.
        """

    def extend(self, claim: Claim, seconds: float) -> bool:
        """Move the end of a claim's lease to ``seconds`` from now. False: no longer held."""

    def progress(self, claim: Claim, fraction: float, message: str | None) -> bool:
        """Note how far a running task is (0 to 1). False: no longer held."""

    def log(self, claim: Claim, level: str, message: str, details: str | None = None) -> None:
        """Keep a log line of a task (`task_logs`)."""

    def log_lines(self, lines: Sequence[LogLine]) -> None:
        """Keep log lines of tasks, those whose claim is still held, in one transaction."""

    def cancel_requests(self, worker_id: str) -> list[tuple[int, int]]:
        """``(task id, claim token)`` of the running tasks of this worker that somebody wants cancelled."""

    # -- time ------------------------------------------------------------------------------------
    def promote(self, limit: int) -> int:
        """Move up to ``limit`` due tasks from scheduled to queued; returns how many."""

    def rescue_expired(self) -> Rescued:
        """Give back what dead workers, workers without a beat for their lease, and claims whose lease is over hold.

        Each task gets an entry in the ledger, each dead worker a mark by which it stays dead, whatever becomes of its
        lock. Workers that hold nothing are looked at some at a time, where there are many.
        """

    def deaths(self) -> Waiter:
        """Something to sleep on until the process of some worker may have died; it tells of every worker's end."""

    def lease_left(self, claim: Claim) -> float | None:
        """Seconds until the task may be given to another, if its holder gives no sign of life; None: no longer held."""

    def held_claims(self, worker_id: str) -> set[tuple[int, int]]:
        """``(task id, claim token)`` of all that a worker holds."""

    def ledger(
        self, limit: int, *, task_id: int | None = None, worker_id: str | None = None, before_id: int | None = None
    ) -> list[LedgerEntry]:
        """What was taken from workers, and the finishes that came too late, newest first."""

    def ledger_totals(self) -> dict[str, dict[str, int]]:
        """How often each event of the ledger happened, by reason, also those that were pruned."""

    def note_death(self, worker_id: str, detail: str) -> int:
        """Tell how the process of a worker died, before or after its tasks are rescued.

        It goes to the entries of the last minute that do not say it yet (returns how many these are), to the errors of
        their attempts, and, if the worker is known to be dead, to what is yet to be rescued.
        """

    def seconds_to_next_due(self) -> float | None:
        """Until the next scheduled task is due (0: it is), or a waiting task gets the token that it waits for.

        None, if there is neither.
        """

    def expire(self, limit: int) -> int:
        """Fail up to ``limit`` queued tasks that nobody started before they expired; returns how many.

        A task that was started once, and came back after an error or a crash, does not expire any more.
        """

    # -- schedules -------------------------------------------------------------------------------
    def save_schedule(self, schedule: Schedule) -> bool:
        """Write a schedule as it is defined; its next tick moves only if it is new or its timing or time zone changed.

        False: it stands there like this already, and nothing was written.
        """

    def schedules(self) -> list[Schedule]:
        """All schedules, by name."""

    def due_schedules(self) -> list[Schedule]:
        """The schedules that are not paused and whose next tick has come, the longest due first."""

    def seconds_to_next_tick(self) -> float | None:
        """Until the next schedule that is not paused ticks (0: it does); None if there is none."""

    def tick(self, schedule: Schedule, following: datetime, tasks: Sequence[NewTask]) -> list[Enqueued] | None:
        """Move a schedule that was read as due on to its following tick, and enqueue its tasks, in one transaction.

        None: its next tick is not the one that was read (somebody else was first), or it is paused or gone; nothing
        was changed.
        """

    def pause_schedule(self, name: str) -> bool:
        """Let a schedule tick no more until `resume_schedule`. False: there is none of this name."""

    def resume_schedule(self, name: str, next_at: datetime) -> bool:
        """End the pause of a schedule, which ticks at ``next_at`` at the earliest. False: not paused, or not there."""

    def remove_schedule(self, name: str) -> bool:
        """Forget a schedule. False: there is none of this name."""

    # -- limits ----------------------------------------------------------------------------------
    def set_limit(self, type: str, limit: TypeLimit | None) -> None:
        """Let at most so many tasks of a type be claimed at once, and in a period; None: end its limit.

        It counts from the next claim on. What is in the bucket of an earlier rate stays there.
        """

    def limits(self) -> dict[str, TypeLimit]:
        """The limits by type, in order."""

    # -- workers ---------------------------------------------------------------------------------
    def register(self, worker_id: str, capabilities: str, facts: WorkerFacts | None = None) -> None:
        """Add or replace a worker and beat.

        ``facts`` come from a worker process that holds its liveness lock: whoever had this id before is dead, and what
        he held is rescued first.
        """

    def heartbeat(self, worker_id: str, pulse: Pulse | None = None) -> bool:
        """Beat, and note what the worker says of itself. False: there is no such worker (any more)."""

    def set_worker_state(self, worker_id: str, state: str, reason: str | None = None) -> None:
        """Note what a worker process is doing from now on (``idle``, ``draining``), and why."""

    def worker(self, worker_id: str) -> Worker | None:
        """One worker, or None."""

    def workers(self) -> list[Worker]:
        """All workers by id."""

    def active_workers(self, seconds: float) -> list[Worker]:
        """Workers not known to be dead whose beat is at most so old; newest beat first."""

    def stale_workers(self, seconds: float) -> list[Worker]:
        """Workers whose beat is older than this; oldest beat first."""

    def worker_activity(self) -> list[WorkerActivity]:
        """What every worker is doing; newest beat first."""

    def remove_worker(self, worker_id: str) -> bool:
        """Forget a worker; rescue its tasks if it is dead or has no liveness lock, else put them under a lease.

        Callable from a signal handler that interrupted another verb of the same thread: answered from a
        read, written when that verb unwinds, even if the handler then ends the process.
        """

    def liveness_lock(self, worker_id: str) -> LivenessLock:
        """Take the lock of a worker process.

        Raises:
            WorkerIdTakenError: a live process holds it.
        """

    # -- keeping it small ------------------------------------------------------------------------
    def retention(self) -> dict[str, Retention]:
        """How long finished tasks of each status (and the ``ledger``) are kept, and how many."""

    def set_retention(self, kept: str, rule: Retention) -> None:
        """Change that, of one status or of the ``ledger``."""

    def prune(self) -> PruneStep:
        """Take away some rows that need not be kept, in one transaction that no writer notices; again while ``more``.

        Tasks that have not finished stay, as do those whose group or follower has not. Logs and attempts go along, and
        what the tasks counted for is kept in `lifetime_totals`.
        """

    def reclaim(self, keep: float = 0.1) -> Reclaimed:
        """Give some free space back to the file system, in such a transaction, too; again while ``more``.

        ``keep`` is the share of the whole that may stay free, for what comes next.
        """

    def lifetime_totals(self) -> dict[tuple[str, str], LifetimeTotal]:
        """Finished tasks by type and status, those that were pruned included."""

    def log_bytes(self) -> int:
        """How large the write-ahead log is; 0 where there is none."""

    def log_pins(self) -> list[LogPin]:
        """Who keeps the log from being cut, as far as that can be known."""

    def take_duty(self, duty: str, holder: str, seconds: float) -> bool:
        """Be the one who does a duty for all, for so many seconds (an hour at most) from now. False: another is."""

    def leave_duty(self, duty: str, holder: str) -> None:
        """Leave it to the next one, before the time is over."""

    # -- reading the whole -----------------------------------------------------------------------
    def metrics(self) -> QueueMetrics:
        """The state of the queue, from counters, at the same cost at any size."""

    def task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        """How many tasks there are per type and status, from counters, without zeros."""

    def claimable(self, types: frozenset[str] | None, capabilities: Mapping[str, Any]) -> int:
        """How many queued tasks a worker of these types (None: all) and capabilities could claim, from counters."""

    def waiter(self) -> Waiter:
        """Something to sleep on until the queue changes."""

    # -- plain SQL -------------------------------------------------------------------------------
    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """Run one statement of the user's and return its cursor: rows by name and position, rowcount, lastrowid."""

    def execute_many(self, sql: str, rows: Iterable[Any]) -> Any:
        """Run one statement for each row of parameters, in one transaction."""

    def transaction(self) -> AbstractContextManager[Any]:
        """A write transaction on this thread's own connection, which it yields; nested ones are savepoints."""

    def connection(self) -> Any:
        """This thread's own connection of the driver; rows are read by name and position."""

    def close(self) -> None:
        """Close every connection; what is used afterwards raises QueueDatabaseError."""
