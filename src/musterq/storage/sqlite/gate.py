"""Fair turns for the write lock between processes.

SQLite's own busy handler sleeps longer and longer, so that a newcomer overtakes whoever waits. Here a writer first
just tries. Only who finds the lock taken queues at a side file (`flock`, tried every 0.5 to 1.5 ms until the deadline,
so that a stopped holder hangs nobody), and whoever holds that one polls the write lock each 50 to 100 µs and lets the
side file go as soon as it is in.

A process that commits over and over is in again before the one that polls has woken: that one was seen to wait for a
quarter of a second. So every 2 ms a writer looks whether somebody waits, and if so queues behind him.

Each wait is counted in the side file.

Checkpoints stay out of this: they would deadlock on it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from musterq.errors import QueueBusyError
from musterq.storage.sqlite import side_notes
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.file_lock import close_lock, open_lock, try_lock

T = TypeVar("T")
_COURTESY_SECONDS = 0.002


class WriteGate:
    """Lets the writers of one process in, in turn with those of others."""

    def __init__(self, database_path: str, *, busy_timeout: float) -> None:
        self._database = database_path
        self._path = f"{database_path}-turn"
        self._busy_timeout = busy_timeout
        self._next_courtesy = 0.0

    def begin(self, connection: Connection, *, at_most: float | None = None) -> None:
        """Open a write transaction.

        Raises:
            QueueBusyError: others held the lock for longer than ``at_most``, or else ``busy_timeout``, seconds.
        """
        seconds = self._busy_timeout if at_most is None else min(at_most, self._busy_timeout)
        if self._somebody_waits():
            self._in_turn(lambda: connection.run("BEGIN IMMEDIATE"), seconds)
            return
        try:
            connection.run("BEGIN IMMEDIATE")
        except QueueBusyError:
            self._in_turn(lambda: connection.run("BEGIN IMMEDIATE"), seconds)

    def pass_through(self, statement: Callable[[], T]) -> T:
        """Run a statement that takes the write lock itself, in turn if it is taken."""
        try:
            return statement()
        except QueueBusyError:
            return self._in_turn(statement, self._busy_timeout)

    def _in_turn(self, statement: Callable[[], T], seconds: float) -> T:
        began = time.monotonic()
        deadline = began + seconds
        descriptor = self._open()
        try:
            while descriptor is not None and not try_lock(descriptor) and time.monotonic() < deadline:
                time.sleep(random.uniform(0.0005, 0.0015))
            return _poll(statement, deadline)
        finally:
            if descriptor is not None:
                side_notes.add_wait(descriptor, time.monotonic() - began)
                close_lock(descriptor)

    def _somebody_waits(self) -> bool:
        """Whether another waits, looked at now and then: who has just committed would else be in again before it."""
        now = time.monotonic()
        if now < self._next_courtesy:
            return False
        self._next_courtesy = now + _COURTESY_SECONDS
        descriptor = self._open()
        if descriptor is None:
            return False
        try:
            return not try_lock(descriptor, shared=True)
        finally:
            close_lock(descriptor)

    def _open(self) -> int | None:
        """A descriptor of its own for each wait: a lock belongs to the open file, so threads queue like processes."""
        try:
            return open_lock(self._path, like=self._database)
        except OSError:
            return None  # no side file, no fairness; still correct


def _poll(statement: Callable[[], T], deadline: float) -> T:
    while time.monotonic() < deadline:
        try:
            return statement()
        except QueueBusyError:
            time.sleep(random.uniform(0.00005, 0.0001))
    return statement()  # the last try raises
