"""Keeping the write-ahead log small.

Whoever has just committed looks at the log's size now and then; past 16 MB one process (elected by a file lock) copies
it into the database and cuts it. SQLite alone never gets to cut it while writers are busy.

SQLite 3.7.0 to 3.51.2 can lose commits when a writer resets the log while a checkpoint begins. On those versions
SQLite's own checkpoints are off on musterq's connections, and one is made with the write lock held: by another
connection, since SQLite's own modes that take it (FULL and above) go on without it where they do not get it in time.
The next commit then begins the log anew and cuts it to `LOG_LIMIT_BYTES` (PRAGMA journal_size_limit).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.storage.sqlite import side_notes
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.file_lock import close_lock, open_lock, try_lock
from musterq.storage.sqlite.gate import WriteGate

LOG_LIMIT_BYTES = 16 * 1024 * 1024
URGENT_BYTES = 64 * 1024 * 1024
_LOOK_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 1.0
_LITTLE_LEFT = 256
_RACE_FIRST, _RACE_FIXED = (3, 7, 0), (3, 51, 3)


def has_reset_race(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the race of checkpoints that reset the log."""
    return _RACE_FIRST <= version < _RACE_FIXED


class Checkpointer:
    """Looks after the log of one database, in one process; ``connect`` opens another connection."""

    def __init__(
        self, database_path: str, gate: WriteGate, connect: Callable[[], Connection], *, holds_write_lock: bool
    ) -> None:
        self._database = database_path
        self._log = f"{database_path}-wal"
        self._election = f"{database_path}-checkpoint"
        self._gate = gate
        self._connect = connect
        self._checkpoint = self._checkpoint_beside_writers if not holds_write_lock else self._checkpoint_alone
        self._copier: Connection | None = None
        self._next_look = 0.0
        self._pause = _LOOK_SECONDS

    def look(self, connection: Connection) -> None:
        """Called after a commit, outside of a transaction: checkpoint if the log has grown and nobody else is at it."""
        if time.monotonic() < self._next_look:
            return
        size = _size(self._log)
        if size > LOG_LIMIT_BYTES:
            done = self._checkpoint_if_elected(connection, size)
            self._pause = _LOOK_SECONDS if done else min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        self._next_look = time.monotonic() + self._pause

    def close(self) -> None:
        """Close the other connection, if there is one."""
        copier, self._copier = self._copier, None
        if copier is not None:
            copier.close()

    def _checkpoint_if_elected(self, connection: Connection, size: int) -> bool:
        """False: it could not be done. Whoever is not elected need not look less often: somebody is at it."""
        try:
            descriptor = open_lock(self._election, like=self._database)
        except OSError:
            return False
        try:
            return not try_lock(descriptor) or self._checkpoint_noted(connection, size, descriptor)
        except QueueDatabaseError:
            return False  # what was committed before is safe in the log; the next write tells of a broken disk itself
        finally:
            close_lock(descriptor)

    def _checkpoint_noted(self, connection: Connection, size: int, descriptor: int) -> bool:
        began = time.monotonic()
        done = self._checkpoint(connection, size)
        if done:
            seconds = time.monotonic() - began
            side_notes.note_checkpoint(descriptor, ended=time.time(), seconds=seconds, log_bytes=size)
        return done

    def _checkpoint_beside_writers(self, connection: Connection, size: int) -> bool:
        """Copy the log while others write, then cut it; False if a reader or a writer was in the way."""
        _, frames, copied = connection.row("PRAGMA wal_checkpoint(PASSIVE)")
        if frames - copied > _LITTLE_LEFT and size < URGENT_BYTES:
            return False
        connection.run(f"PRAGMA busy_timeout = {_patience_ms(size)}")
        try:
            return not connection.row("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        except QueueBusyError:
            return False
        finally:
            connection.run("PRAGMA busy_timeout = 0")

    def _checkpoint_alone(self, connection: Connection, size: int) -> bool:  # noqa: ARG002
        """Copy the log while nobody can write; False if a reader was in the way."""
        if self._copier is None:
            self._copier = self._connect()
        self._gate.begin(connection, at_most=_LONGEST_WAIT_SECONDS)
        try:
            _, frames, copied = self._copier.row("PRAGMA wal_checkpoint(PASSIVE)")
            return bool(frames == copied)
        finally:
            connection.run("ROLLBACK")


def _patience_ms(size: int) -> int:
    """For how long writers are kept waiting for readers: 10 ms, and more as the log grows out of bounds."""
    return 10 if size < URGENT_BYTES else 500


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0
