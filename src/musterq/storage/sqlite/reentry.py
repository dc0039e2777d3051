"""Calls that are going on, and who must mind them: signal handlers and forks.

A handler runs between two bytecodes of whatever its thread was doing, maybe with a lock held or a
transaction open, so it must not write there and cannot wait for itself. What it wants written is kept
and done when the interrupted call unwinds, also when the handler raises SystemExit.

A fork copies the memory of every thread, so it waits until the calls of other threads are over, and
lets none begin meanwhile: a child of half a call would find SQLite's own locks taken for ever.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

_FORK_WAITS_SECONDS = 10.0


class _ThisThread(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.deferred: deque[Callable[[], object]] = deque()
        self.id = threading.get_ident()


_here = _ThisThread()
_inside: set[int] = set()  # the threads that are inside a call
_forking: int | None = None  # the thread that forks
_fork = threading.RLock()


def verb(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Mark a method as a call."""

    @functools.wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        _here.depth += 1
        try:
            if _here.depth == 1:
                _begin()
            return method(self, *args, **kwargs)
        finally:
            try:
                leave()
            except BaseException:  # a handler raised on the way out, before this call was off the count
                leave()
                raise

    return call


def enter() -> None:
    """From here to `leave` this thread is inside a call; if this raises, it is not."""
    _here.depth += 1
    try:
        if _here.depth == 1:
            _begin()
    except BaseException:
        leave()
        raise


def leave() -> None:
    """The call unwinds; the outermost one does what handlers left. A handler may still come at any line here."""
    while True:
        while _here.depth == 1 and _here.deferred:
            _do(_here.deferred[0])
            _here.deferred.popleft()
        if _here.depth == 1:
            _inside.discard(_here.id)
        _here.depth -= 1
        if _here.depth or not _here.deferred:
            return
        _here.depth += 1


def interrupts_another_call() -> bool:
    """Asked by a `verb`: whether it runs inside another one of this thread."""
    return _here.depth > 1


def defer(action: Callable[[], object]) -> None:
    """Do this when the interrupted call unwinds."""
    _here.deferred.append(action)


def hold_calls() -> None:
    """Before a fork: wait for the calls of other threads, and let none begin until `let_calls_go`."""
    global _forking  # noqa: PLW0603 - a fork concerns the whole process
    _fork.acquire()
    _forking = _here.id
    deadline = time.monotonic() + (0.0 if _here.depth else _FORK_WAITS_SECONDS)
    while others_inside() and time.monotonic() < deadline:
        time.sleep(0.0002)


def let_calls_go() -> None:
    """After it, in the parent, and in the child, which has this thread alone."""
    global _forking  # noqa: PLW0603
    _forking = None
    _fork.release()


def forget_other_threads() -> None:
    """In the child: their calls never end."""
    _inside.intersection_update({_here.id})


def is_inside(thread: int) -> bool:
    """Whether a thread is inside a call."""
    return thread in _inside


def others_inside() -> bool:
    """Whether other threads are inside a call."""
    return bool(_inside - {_here.id})


def _begin() -> None:
    _inside.add(_here.id)
    while _forking is not None and _forking != _here.id:
        _inside.discard(_here.id)
        with _fork:
            _inside.add(_here.id)


def _do(action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        logging.getLogger("musterq.storage").exception("what a signal handler asked for could not be written")
