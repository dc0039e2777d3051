"""Calls that a signal handler makes while it interrupts another call of the same thread.

A handler runs between two bytecodes of whatever its thread was doing, maybe with a lock held or a
transaction open, so it must not write there and cannot wait for itself. What it wants written is kept
and done when the interrupted call unwinds, also when the handler raises SystemExit.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


class _ThisThread(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.deferred: deque[Callable[[], object]] = deque()


_here = _ThisThread()


def verb(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Mark a method as one that a signal handler may find half done."""

    @functools.wraps(method)
    def call(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        _here.depth += 1
        try:
            return method(self, *args, **kwargs)
        finally:
            leave()

    return call


def enter() -> None:
    """From here to `leave` this thread is inside a call."""
    _here.depth += 1


def leave() -> None:
    """The call unwinds; the outermost one does what handlers left. A handler may still come at any line here."""
    while True:
        while _here.depth == 1 and _here.deferred:
            _do(_here.deferred.popleft())
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


def _do(action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        logging.getLogger("musterq.storage").exception("what a signal handler asked for could not be written")
