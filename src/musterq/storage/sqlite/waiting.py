"""Sleeping until the database changes: the kernel tells when the write-ahead log is written to.

inotify on Linux, kqueue on macOS and BSD; elsewhere there are no events, and whoever waits must poll. The thread that
waits polls the descriptor of the events itself, so nothing is read, and nobody runs, while nobody waits.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from typing import Protocol


class _Signal(Protocol):
    """Something to poll that becomes readable when the log changes."""

    def fileno(self) -> int: ...
    def drain(self) -> bool: ...  # whether the log is still there
    def close(self) -> None: ...


if sys.platform == "linux":
    from inotify_simple import INotify, flags

    class _LogEvents:
        """inotify: events gather in the kernel, equal ones as one, until they are drained."""

        def __init__(self, log: str) -> None:
            self._inotify = INotify()
            try:
                self._inotify.add_watch(log, flags.MODIFY | flags.DELETE_SELF)
            except OSError:
                self._inotify.close()
                raise

        def fileno(self) -> int:
            return int(self._inotify.fileno())

        def drain(self) -> bool:
            return not any(event.mask & flags.DELETE_SELF for event in self._inotify.read(timeout=0))

        def close(self) -> None:
            self._inotify.close()

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

else:
    _LogEvents = None

HAS_EVENTS = _LogEvents is not None
#: The kernel tells of a write an instant before its commit can be read, so the waits after one are short at first.
_SETTLING_SECONDS = (0.016, 0.004, 0.001)


class LogWaiter:
    """Waits for a change of the log, a call of `wake`, or the time."""

    def __init__(self, log: str) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._events: _Signal | None = _watch(log)
        self._log = log
        self._lock = threading.Lock()
        self._closed = False
        self._settling: list[float] = []

    def wait(self, seconds: float) -> None:
        """Sleep; return at once if the log has changed since the last time, or if this is closed."""
        if self._closed:
            return
        if self._events is None:
            self._events = _watch(self._log)
        if self._settling:
            seconds = min(seconds, self._settling.pop())
        ready = self._poll(max(0.0, seconds))
        if self._read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)
        if self._events is not None and self._events.fileno() in ready:
            if not self._events.drain():  # whoever closed last removed it; the next one makes another
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


def _watch(log: str) -> _Signal | None:
    """Events of the log; None where there are none, or no log yet."""
    if _LogEvents is None:
        return None
    try:
        return _LogEvents(log)
    except OSError:
        return None
