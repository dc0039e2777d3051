"""The task that runs here and now: what its handler can learn and tell about it."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from musterq.models import Claim
from musterq.queue.failures import bounded
from musterq.scalars import check_number, shown
from musterq.storage.base import Storage

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class RunningTask:
    """A task while its handler runs, as `current_task` gives it; its facts are those of this attempt."""

    __slots__ = ("_claim", "_storage")

    def __init__(self, storage: Storage, claim: Claim) -> None:
        self._storage = storage
        self._claim = claim

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
        self._storage.log(self._claim, _level_name(level), _words("log", message))


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


def in_handler() -> bool:
    """Whether a handler is what calls this."""
    return _running.get(None) is not None


def enter(running: RunningTask) -> None:
    """Make this the task that runs in the current context, until that context ends."""
    _running.set(running)
