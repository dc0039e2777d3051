"""SIGHUP for a worker: it starts anew, with the code that is there now, in the same process."""

from __future__ import annotations

import contextlib
import os
import threading

from musterq.cli.launch import Launch
from musterq.cli.worker_signals import Stopping
from musterq.events import Events


class Restart:
    """Winds a worker down to start it anew, if the new code can start; else the old one stays.

    Losing the terminal is told by the same signal: then it only stops.
    """

    def __init__(self, launch: Launch, stopping: Stopping, events: Events) -> None:
        self._launch = launch
        self._stopping = stopping
        self._events = events
        self._had_terminal = has_terminal()
        self._checking: threading.Thread | None = None
        self.is_due = False  # once the worker has ended

    def by_signal(self) -> None:
        """SIGHUP came; returns at once."""
        if self._had_terminal and not has_terminal():
            self._stopping.ask("terminal")
        elif not self._stopping and (self._checking is None or not self._checking.is_alive()):
            self._checking = threading.Thread(target=self._prepare, name="musterq-restart", daemon=True)
            self._checking.start()

    def _prepare(self) -> None:
        self._events.emit("reload.started", pid=os.getpid())
        try:
            self._launch.check()
        except ChildProcessError as error:
            self._events.emit("reload.failed", pid=os.getpid(), error=str(error))
            return
        self.is_due = not self._stopping
        self._stopping.ask("reload")


def has_terminal() -> bool:
    """Whether this process has a controlling terminal now."""
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return False
