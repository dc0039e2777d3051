"""The task that runs here and now: what its handler can learn and tell about it."""

from __future__ import annotations

import json
import logging
import time
from contextvars import ContextVar
from datetime import UTC, datetime

from musterq.errors import TaskLost
from musterq.models import Claim
from musterq.queue.failures import bounded
from musterq.records import LogLine
from musterq.scalars import check_number, shown
from musterq.storage.base import Storage

TICK_HEADER = "musterq-tick"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Notices:
    """What a worker has found out about the tasks that it runs, by claim token.

    Attributes:
        lost: those that were taken back from it.
        cancelled: those that somebody wants cancelled; their coroutines are.
        given_back: those whose coroutines it ends itself, to give them back.
    """

    def __init__(self) -> None:
        self.lost: set[int] = set()
        self.cancelled: set[int] = set()
        self.given_back: set[int] = set()


NO_NOTICES = Notices()


class RunningTask:
    """A task while its handler runs, as `current_task` gives it; its facts are those of this attempt."""

    __slots__ = ("_claim", "_deadline", "_notices", "_storage", "kept_lines")

    def __init__(self, storage: Storage, claim: Claim, notices: Notices = NO_NOTICES) -> None:
        self._storage = storage
        self._claim = claim
        self._notices = notices
        limited = claim.timeout_seconds or claim.hard_timeout_seconds
        self._deadline = _deadline(claim) if limited else None  # by the monotonic clock
        self.kept_lines = 0  # of what it has told `logging`

    def __repr__(self) -> str:
        return f"<RunningTask {self.id} {self.type!r}, attempt {self.attempt}>"

    @property
    def id(self) -> int:
        """The id of the task."""
        return self._claim.task_id

    @property
    def type(self) -> str:
        """The type of the task."""
        return self._claim.type

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return self._claim.attempts

    @property
    def worker_id(self) -> str:
        """Who runs it."""
        return self._claim.worker_id

    @property
    def headers(self) -> dict[str, str]:
        """What was given along with the task: text to text."""
        try:
            headers = json.loads(self._claim.headers or "{}")
        except ValueError:  # plain SQL put in what is not JSON
            return {}
        return headers if isinstance(headers, dict) else {}

    @property
    def tick(self) -> datetime | None:
        """The moment at which its schedule ticked, whenever it was enqueued and started; None: it is of no schedule."""
        try:
            return datetime.fromisoformat(self.headers[TICK_HEADER]).astimezone(UTC)
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    @property
    def lost(self) -> bool:
        """Whether it was taken back from this worker, asked of the database: all that it does is for nothing."""
        return self._claim.claim_token in self._notices.lost or self._storage.lease_left(self._claim) is None

    @property
    def seconds_left(self) -> float:
        """How long it may go on as things stand: until its time limit or the end of the lease; 0.0: no longer.

        A worker renews the lease with each beat, so the lease's end is only met when the beats fail.
        """
        if self._claim.claim_token in self._notices.lost:
            return 0.0
        lease = self._storage.lease_left(self._claim)
        if lease is None:
            return 0.0
        limit = lease if self._deadline is None else self._deadline - time.monotonic()
        return max(0.0, min(lease, limit))

    def raise_if_lost(self) -> None:
        """End here if it was taken back from this worker.

        Raises:
            TaskLost: it was. Let it through: nothing of this attempt is written any more.
        """
        if self.lost:
            raise TaskLost(f"task {self.id} was taken back from {self.worker_id}; its work is for nothing")

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody wants it cancelled, asked of the database: a handler that obeys raises `Cancel`."""
        mine = (self._claim.task_id, self._claim.claim_token)
        return mine in self._storage.cancel_requests(self._claim.worker_id)

    def progress(self, fraction: float, message: str | None = None) -> bool:
        """Note how far it is, from 0 to 1. False: the claim is no longer held, and the work is for nothing.

        Of a long message the first 2000 characters are kept.

        Raises:
            TypeError: the fraction is no number, or the message neither text nor None.
            ValueError: the fraction is not within 0 to 1.
        """
        share = check_number("progress", fraction, 0, 1)
        return self._storage.progress(self._claim, share, None if message is None else _words("progress", message))

    def log(self, level: str | int, message: str) -> None:
        """Keep a line in the log of the task: of a long one the first 2000 characters.

        Args:
            level: a level of the standard library's, by its name in any case, or by its number (``logging.INFO``).
            message: the line.

        Raises:
            TypeError: an argument is of the wrong kind.
            ValueError: the level is none of the standard library's.
        """
        self._storage.log([self.line(_level_name(level), _words("log", message))])

    def line(self, level: str, message: str, **details: str) -> LogLine:
        """A line for its log, as of now: which attempt it is of, and by whom, stands beside it."""
        return LogLine(
            task_id=self.id,
            claim_token=self._claim.claim_token,
            at=self._storage.clock.time(),
            level=level,
            message=message,
            details=json.dumps({"attempt": self.attempt, "worker": self.worker_id, **details}),
        )


def _deadline(claim: Claim) -> float:
    limits = (claim.timeout_seconds, claim.hard_timeout_seconds)
    return time.monotonic() + min(limit for limit in limits if limit is not None)


def _level_name(level: object) -> str:
    if isinstance(level, bool) or not isinstance(level, str | int):
        raise TypeError(f"log: level={shown(level)} is a {type(level).__name__}; give one of {', '.join(LOG_LEVELS)}")
    name = level.upper() if isinstance(level, str) else logging.getLevelName(level)
    if name not in LOG_LEVELS:
        raise ValueError(f"log: level={shown(level)} is unknown; give one of {', '.join(LOG_LEVELS)}")
    return str(name)


def _words(verb: str, message: object) -> str:
    if not isinstance(message, str):
        raise TypeError(f"{verb}: message={shown(message)} is a {type(message).__name__}; give a text")
    return bounded(message)


_running: ContextVar[RunningTask] = ContextVar("musterq_running_task")


def current_task() -> RunningTask:
    """The task whose handler calls this.

    Raises:
        RuntimeError: no task runs here.
    """
    try:
        return _running.get()
    except LookupError:
        raise RuntimeError(
            "no task runs here: current_task() is for handlers, in the thread or coroutine that a worker, "
            "drain() or immediate() started (a thread of their own gets it with contextvars.copy_context())"
        ) from None


def running_task() -> RunningTask | None:
    """The task whose handler calls this; None: no handler does."""
    return _running.get(None)


def enter(running: RunningTask) -> None:
    """Make this the task that runs in the current context, until that context ends."""
    _running.set(running)
