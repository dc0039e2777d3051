"""Keeping the write-ahead log small.

Whoever has just committed looks at the log's size now and then; past 4 MB one process (elected by a file lock) copies
it into the database and cuts it. SQLite alone never gets to cut it while writers are busy.

SQLite 3.7.0 to 3.51.2 can lose commits when a checkpoint races with one that resets the log. On those versions only
modes that hold the write lock are used, and SQLite's own checkpoints are off on musterq's connections.
"""

from __future__ import annotations

import os
import time

from musterq.errors import QueueBusyError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.file_lock import try_lock

LOG_LIMIT_BYTES = 4 * 1024 * 1024
URGENT_BYTES = 64 * 1024 * 1024
_LOOK_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_LITTLE_LEFT = 256
_RACE_FIRST, _RACE_FIXED = (3, 7, 0), (3, 51, 3)


def has_reset_race(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the race of checkpoints that reset the log."""
    return _RACE_FIRST <= version < _RACE_FIXED


class Checkpointer:
    """Looks after the log of one database, in one process."""

    def __init__(self, database_path: str, *, holds_write_lock: bool) -> None:
        self._log = f"{database_path}-wal"
        self._election = f"{database_path}-checkpoint"
        self._holds_write_lock = holds_write_lock
        self._next_look = 0.0
        self._pause = _LOOK_SECONDS

    def look(self, connection: Connection) -> None:
        """Called after a commit, outside of a transaction: checkpoint if the log has grown and nobody else is at it."""
        now = time.monotonic()
        if now < self._next_look:
            return
        size = _size(self._log)
        if size > LOG_LIMIT_BYTES:
            cut = self._checkpoint_if_elected(connection, size)
            self._pause = _LOOK_SECONDS if cut else min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        self._next_look = time.monotonic() + self._pause

    def _checkpoint_if_elected(self, connection: Connection, size: int) -> bool:
        try:
            descriptor = os.open(self._election, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:
            return False
        try:
            return try_lock(descriptor) and self._checkpoint(connection, size)
        finally:
            os.close(descriptor)

    def _checkpoint(self, connection: Connection, size: int) -> bool:
        """Copy the log and cut it; False if a reader or a writer was in the way."""
        if not self._holds_write_lock:
            _, frames, copied = connection.row("PRAGMA wal_checkpoint(PASSIVE)")
            if frames - copied > _LITTLE_LEFT and size < URGENT_BYTES:
                return False
        connection.run(f"PRAGMA busy_timeout = {_patience_ms(size)}")
        try:
            busy, _, _ = connection.row("PRAGMA wal_checkpoint(TRUNCATE)")
            return not busy
        except QueueBusyError:
            return False
        finally:
            connection.run("PRAGMA busy_timeout = 0")


def _patience_ms(size: int) -> int:
    """For how long writers are kept waiting for readers: 10 ms, and more as the log grows out of bounds."""
    return 10 if size < URGENT_BYTES else 500


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
