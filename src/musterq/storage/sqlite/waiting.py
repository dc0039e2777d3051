"""Sleeping until something happens to files: the write-ahead log is written to, or a worker's lock file is closed.

inotify on Linux, kqueue on macOS and BSD; elsewhere there are no events, and whoever waits must poll. The thread that
waits polls the descriptor of the events itself, so nothing is read, and nobody runs, while nobody waits.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Callable
from typing import Protocol


class _Signal(Protocol):
    """Something to poll that becomes readable when what is watched changes."""

    def fileno(self) -> int: ...
    def drain(self) -> bool: ...  # whether it is still there
    def close(self) -> None: ...


if sys.platform == "linux":
    from inotify_simple import INotify, flags

    class _FileEvents:
        """inotify: events gather in the kernel, equal ones as one, until they are drained."""

        def __init__(self, path: str, what: int) -> None:
            self._inotify = INotify()
            try:
                self._inotify.add_watch(path, what | flags.DELETE_SELF)
            except OSError:
                self._inotify.close()
                raise

        def fileno(self) -> int:
            return int(self._inotify.fileno())

        def drain(self) -> bool:
            return not any(event.mask & flags.DELETE_SELF for event in self._inotify.read(timeout=0))

        def close(self) -> None:
            self._inotify.close()

    def _log_events(log: str) -> _Signal:
        return _FileEvents(log, flags.MODIFY)

    def _lock_events(folder: str) -> _Signal:
        """The kernel closes what a dead process had open: its lock file, for writing. Who tests a lock only reads."""
        return _FileEvents(folder, flags.CLOSE_WRITE | flags.DELETE | flags.ONLYDIR)

elif hasattr(select, "kqueue"):

    class _LogEvents:
        """kqueue: the log's vnode tells of writes."""

        def __init__(self, log: str) -> None:
            self._file = os.open(log, os.O_RDONLY)
            self._queue = select.kqueue()
            what = select.KQ_NOTE_WRITE | select.KQ_NOTE_EXTEND | select.KQ_NOTE_DELETE
            event = select.kevent(self._file, select.KQ_FILTER_VNODE, select.KQ_EV_ADD | select.KQ_EV_CLEAR, what)
            self._queue.control([event], 0)

        def fileno(self) -> int:
            return self._queue.fileno()

        def drain(self) -> bool:
            return not any(event.fflags & select.KQ_NOTE_DELETE for event in self._queue.control(None, 16, 0))

        def close(self) -> None:
            self._queue.close()
            os.close(self._file)

    _log_events = _LogEvents
    _lock_events = None  # it does not tell when a file of a folder is closed

else:
    _log_events = None
    _lock_events = None

HAS_EVENTS = _log_events is not None
#: The kernel tells of a write an instant before its commit can be read, and of a file's end an instant before its lock
#: is free, so the waits after an event are short at first.
_SETTLING_SECONDS = (0.016, 0.004, 0.001)


class FileWaiter:
    """Waits for a change of what is watched, a call of `wake`, or the time."""

    def __init__(self, watch: Callable[[], _Signal | None]) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._watch = watch
        self._events = watch()
        self._lock = threading.Lock()
        self._closed = False
        self._settling: list[float] = []

    def wait(self, seconds: float) -> None:
        """Sleep; return at once if something has changed since the last time, or if this is closed."""
        if self._closed:
            return
        if self._events is None:
            self._events = self._watch()
        if self._settling:
            seconds = min(seconds, self._settling.pop())
        ready = self._poll(max(0.0, seconds))
        if self._read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)
        if self._events is not None and self._events.fileno() in ready:
            if not self._events.drain():  # somebody removed it, and will make another
                self._events.close()
                self._events = None
            self._settling = list(_SETTLING_SECONDS)

    def wake(self) -> None:
        """End the current or the next wait."""
        if self._closed:  # the descriptor may be another file's by now
            return
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._write, b"\0")

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        if self._events is not None:
            self._events.close()
        os.close(self._read)
        os.close(self._write)

    def _poll(self, seconds: float) -> list[int]:
        watched = [self._read] if self._events is None else [self._read, self._events.fileno()]
        if not hasattr(select, "poll"):
            return select.select(watched, [], [], seconds)[0]
        poll = select.poll()
        for descriptor in watched:
            poll.register(descriptor, select.POLLIN)
        return [descriptor for descriptor, _ in poll.poll(seconds * 1000)]


class LogWaiter(FileWaiter):
    """Waits for a write to the log."""

    def __init__(self, log: str) -> None:
        super().__init__(lambda: _started(_log_events, log))


class DeathWaiter(FileWaiter):
    """Waits until a worker's process may have died; where nobody tells, for the time alone."""

    def __init__(self, folder: str) -> None:
        super().__init__(lambda: _started(_lock_events, folder))


def tells_of(folder: str) -> bool:
    """Whether a file or folder can be watched now: each user may watch so much only."""
    events = _started(_log_events, folder)
    if events is not None:
        events.close()
    return events is not None


def _started(watch: Callable[[str], _Signal] | None, path: str) -> _Signal | None:
    """Events of a file or folder; None where there are none, or it is not there yet."""
    if watch is None:
        return None
    try:
        return watch(path)
    except OSError:
        return None
