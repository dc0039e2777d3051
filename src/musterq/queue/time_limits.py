"""Time limits of attempts: who runs under one, who is over it, and how a thread is told.

A thread is told by an exception that another thread has raised in it, which it meets at its next bytecode. It must
meet it in the handler and nowhere else: whoever is first, the handler's end or the one who raises, says so in one
atomic step; where the handler's end comes second, it waits until the exception is there, and takes it away.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TypeVar

from musterq.errors import TaskTimeout
from musterq.models import Claim

T = TypeVar("T")

OVERDUE_SECONDS = 5.0  # beyond its limit: an attempt that has not ended by then does not obey

_raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in_thread.argtypes = (ctypes.c_ulong, ctypes.py_object)
_NOTHING = ctypes.py_object()  # in place of an exception: takes one away that the thread has not met yet


def timeout_words(seconds: float) -> str:
    """What is said of an attempt that was ended by its limit."""
    return f"not finished within its time limit of {seconds:g} s"


class _Attempt:
    """An attempt under a limit; ``thread`` None: it is told by somebody else."""

    def __init__(self, claim: Claim, seconds: float, thread: int | None) -> None:
        self.claim = claim
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.thread = thread
        self.told = thread is None
        self._first: dict[str, str] = {}  # what came first, its end or its limit; setdefault is atomic

    def tell(self) -> None:
        """Raise `TaskTimeout` in its thread, unless its handler has ended."""
        if self.thread is not None and self._first.setdefault("", "limit") == "limit":
            _raise_in_thread(self.thread, TaskTimeout)
        self.told = True

    def end(self) -> None:
        """From here on no exception comes. One may come at any line here; a second call does what is left then."""
        if self.thread is None or self._first.setdefault("", "end") == "end":
            return
        while not self.told:
            time.sleep(0.0001)
        _raise_in_thread(self.thread, _NOTHING)

    def say_limit(self, error: TaskTimeout) -> None:
        """Put the words into an exception that came without any, if it is ours."""
        if self._first.get("") == "limit":
            error.args = (timeout_words(self.seconds),)


class TimeLimits:
    """The attempts of a process that run under a time limit.

    Somebody must call `tell_overdue` when the time comes: ``wake`` is called when that is sooner than he was told.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._running: dict[int, _Attempt] = {}  # by claim token
        self._next_look = inf

    def run(self, claim: Claim, call: Callable[[], T]) -> T:
        """Call a handler, in which `TaskTimeout` is raised at its limit, if it has one.

        That reaches Python code at once, and a call of C code (``time.sleep``, a query) when it returns.
        """
        if claim.timeout_seconds is None:
            return call()
        attempt = _Attempt(claim, claim.timeout_seconds, threading.get_ident())
        try:
            try:
                self._enter(attempt)
                return call()
            finally:
                attempt.end()
        except TaskTimeout as error:
            attempt.say_limit(error)
            raise
        finally:
            attempt.end()  # the one exception that there is may have come while it ended
            self._running.pop(claim.claim_token, None)

    @contextmanager
    def noted(self, claim: Claim) -> Iterator[None]:
        """Within the block an attempt runs that is told of its limit by somebody else."""
        if claim.timeout_seconds is None:
            yield
            return
        self._enter(_Attempt(claim, claim.timeout_seconds, None))
        try:
            yield
        finally:
            self._running.pop(claim.claim_token, None)

    def tell_overdue(self) -> float | None:
        """Tell the threads whose limit is reached; returns the seconds until the next one, None: there is none."""
        self._next_look = -inf  # who begins from here on need not wake us
        now = time.monotonic()
        for attempt in self._untold():
            if attempt.deadline <= now:
                attempt.tell()
        self._next_look = min((attempt.deadline for attempt in self._untold()), default=inf)
        # again: one that began in between has seen that nobody need be woken
        self._next_look = min((attempt.deadline for attempt in self._untold()), default=inf)
        return None if self._next_look == inf else max(0.0, self._next_look - time.monotonic())

    def overdue(self) -> str | None:
        """An attempt that is over its limit and does not end, in words; None: there is none."""
        latest = time.monotonic() - OVERDUE_SECONDS
        for attempt in list(self._running.values()):
            if attempt.deadline < latest:
                over = time.monotonic() - attempt.deadline
                return (
                    f"task {attempt.claim.task_id} ({attempt.claim.type}) is over its time limit of"
                    f" {attempt.seconds:g} s by {over:.0f} s and does not end"
                )
        return None

    def _enter(self, attempt: _Attempt) -> None:
        self._running[attempt.claim.claim_token] = attempt
        if attempt.deadline < self._next_look and attempt.thread is not None:
            self._wake()

    def _untold(self) -> list[_Attempt]:
        return [attempt for attempt in list(self._running.values()) if not attempt.told]


class AlarmLimits(TimeLimits):
    """The limit of the one attempt that runs in the main thread of a process of its own.

    A signal brings the exception. It reaches at once a call of C code, too, that heeds signals (``time.sleep``).
    """

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def run(self, claim: Claim, call: Callable[[], T]) -> T:
        """Call a handler, in which `TaskTimeout` is raised at its limit, if it has one."""
        seconds = claim.timeout_seconds
        if seconds is None:
            return call()
        running = True

        def interrupt(*_: object) -> None:
            if running:
                raise TaskTimeout(timeout_words(seconds))

        usual = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return call()
        finally:
            running = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, usual)
