"""Forks: what SQLite believes in a child is made true again.

SQLite notes for the whole process which locks it holds, and a child inherits the notes but not the locks. A connection
that the child opens then trusts in locks that are not there, and another process may remove the log under it. So a fork
waits until no call is going on, the child takes the locks that every open connection implies (shared ones, on the file
and on the log's index), and no connection crosses the fork: the child leaves the parent's alone for ever.
"""

from __future__ import annotations

import os
import sys
import weakref
from pathlib import Path
from typing import Protocol

from musterq.storage.sqlite import file_lock, reentry

_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510  # in the file, as its format says
_IN_USE = 128  # in the log's index


class Inherited(Protocol):
    """What has connections to one file."""

    path: str

    def has_transaction(self) -> bool:
        """Whether a thread has a transaction open on its own connection."""

    def start_afresh_in_child(self, refusal: str | None) -> None:
        """Begin without connections; ``refusal`` says why none can be opened."""


_all: weakref.WeakSet[Inherited] = weakref.WeakSet()
_files: dict[str, tuple[int, int] | None] = {}  # of each path: which file and which index of its log were there


def mind(inherited: Inherited) -> None:
    """From now on forks mind its connections."""
    _all.add(inherited)


def _before() -> None:
    reentry.hold_calls()
    file_lock.hold()
    _files.update({inherited.path: _inodes(inherited.path) for inherited in list(_all)})


def _after_in_parent() -> None:
    _files.clear()
    file_lock.let_go()
    reentry.let_calls_go()


def _after_in_child() -> None:
    half_done = reentry.others_inside()
    reentry.forget_other_threads()
    file_lock.close_in_child()
    for inherited in list(_all):
        inherited.start_afresh_in_child(_refusal(inherited, half_done=half_done))
    _files.clear()
    reentry.let_calls_go()


def _refusal(inherited: Inherited, *, half_done: bool) -> str | None:
    """Why the child cannot use this file, or None."""
    files = _files[inherited.path]
    if files is None:
        return None  # nobody had it open
    if half_done or inherited.has_transaction():
        return f"{inherited.path}: this process was forked within a transaction; fork outside of it, or spawn"
    if not (_retake(inherited.path) and _inodes(inherited.path) == files):
        return f"{inherited.path}: this process was forked while the file was being closed; fork again"
    return None


def _inodes(path: str) -> tuple[int, int] | None:
    try:
        return Path(path).stat().st_ino, Path(f"{path}-shm").stat().st_ino
    except OSError:
        return None


def _retake(path: str) -> bool:
    """Take the locks for good: their descriptors stay open, since closing one would let go of all."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        for file, first, size in ((path, _SHARED_FIRST, _SHARED_SIZE), (f"{path}-shm", _IN_USE, 1)):
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, size, first)
    except OSError:
        return False
    return True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
