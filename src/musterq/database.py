"""QueueDatabase: opens a queue by path or URL, and runs plain SQL on it for those who want that."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from musterq.checks import check_seconds
from musterq.clock import Clock
from musterq.data_folder import data_folder
from musterq.errors import QueueDatabaseError
from musterq.storage import open_storage
from musterq.storage.base import Storage
from musterq.storage.verbs.care import Progress
from musterq.upkeep import Backup, Vacuumed

REST = 4  # times as long as a step of vacuum took: so much other writers have the database for themselves
Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """The result of a statement: its rows are read by name and by position."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed; -1 where it changes none."""

    @property
    def lastrowid(self) -> int | None:
        """The id of the last row that was inserted."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class QueueDatabase:
    """A database that holds a queue.

    The constructor writes nothing and makes no connection. Every method may be called from any thread, and from
    a child after a fork; whatever the database cannot do leaves as a `QueueDatabaseError`.

    Args:
        database: A path, ``sqlite:///relative.db`` or ``sqlite:////absolute.db``. None: what
            ``MUSTERQ_DATABASE`` says, else ``queue.db`` in the user's data folder.
        durability: ``normal`` survives any crash of a program; ``full`` survives the loss of power, too.
        busy_timeout: Seconds to wait for another writer before a `QueueBusyError`.
        clock: The time by which the queue goes; tests replace it.

    Raises:
        TypeError, ValueError: an argument is not one of these.
    """

    def __init__(
        self,
        database: str | os.PathLike[str] | None = None,
        *,
        durability: Literal["normal", "full"] = "normal",
        busy_timeout: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        named = database if database is not None else os.environ.get("MUSTERQ_DATABASE") or None
        folder = None if named is not None else _users_data_folder()
        location = folder / "queue.db" if folder is not None else named or ""
        patience = check_seconds("busy_timeout", busy_timeout)
        self._missing_folder = folder
        self._storage = open_storage(location, durability=durability, busy_timeout=patience, clock=clock)

    @property
    def storage(self) -> Storage:
        """The verbs of the queue in this database."""
        if self._missing_folder is not None:
            _make_private_folder(self._missing_folder)
            self._missing_folder = None
        return self._storage

    @property
    def location(self) -> str:
        """Where the queue is: an absolute path, or a URL without its password."""
        return self._storage.location

    @property
    def clock(self) -> Clock:
        """The clock by which the queue goes."""
        return self._storage.clock

    def initialize_schema(self) -> None:
        """Create the queue's tables, or upgrade older ones, in one transaction.

        Safe to call any number of times, and by many processes at once. An application's own tables stay as they are.

        Raises:
            QueueSchemaError: the tables are of a newer musterq.
            QueueDatabaseError: the database cannot be opened or written; it is as it was.
        """
        self.storage.initialize_schema()

    def execute(self, sql: str, params: Parameters = ()) -> Cursor:
        """Run one statement; outside of `transaction` it commits at once.

        Args:
            sql: One statement, with ``?`` or ``:name`` where values belong.
            params: The values, in order or by name.

        Raises:
            QueueDatabaseError: the database refused it.
        """
        cursor: Cursor = self.storage.execute(sql, params)
        return cursor

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        """Run one statement with each row of values, in one transaction: all or none.

        Raises:
            QueueDatabaseError: the database refused one of them; nothing was written.
        """
        cursor: Cursor = self.storage.execute_many(sql, rows)
        return cursor

    def transaction(self) -> AbstractContextManager[Any]:
        """Hold the write lock for a block, and commit at its end; an exception rolls it back.

        Yields this thread's connection. What else this thread asks of the queue within the block belongs to the
        transaction; a nested one is a savepoint.

        Raises:
            QueueBusyError: somebody else held the write lock for all of ``busy_timeout``.
            QueueDatabaseError: the database cannot be opened or written.
        """
        return self.storage.transaction()

    def get_connection(self) -> Any:
        """This thread's own connection of the database's driver; its rows are read by name and by position.

        Raises:
            QueueDatabaseError: the database cannot be opened.
        """
        return self.storage.connection()

    def backup(
        self,
        target: str | os.PathLike[str],
        *,
        replace: bool = False,
        verify: bool = True,
        progress: Progress | None = None,
    ) -> Backup:
        """Write a copy of the queue to a file, of one moment, while others go on writing.

        The copy is a queue like this one, in which tasks that worker processes were at work on wait again.

        Args:
            target: Where to. It is there when it is whole, or not at all.
            replace: Whether a file that is there may go.
            verify: Whether to read the copy through, as long as that takes.
            progress: Told now and then how many bytes are done, of how many.

        Raises:
            QueueDatabaseError: the copy cannot be written, or is damaged, as this database then is.
        """
        return self.storage.backup(
            os.fspath(target), replace=replace, verify=verify, progress=progress or _told_to_nobody
        )

    def restore(
        self,
        backup: str | os.PathLike[str],
        *,
        replace: bool = False,
        verify: bool = True,
        progress: Progress | None = None,
    ) -> Backup:
        """Put a copy of a backup in the place of this database, which nobody may use, this object included.

        Args:
            backup: A file that `backup` wrote, or any other copy of a queue.
            replace: Whether a file that is there may be replaced; it is kept beside, under the name in ``kept``.
            verify: Whether to read the copy through first, as long as that takes.
            progress: Told now and then how many bytes are done, of how many.

        Raises:
            QueueBusyError: a worker or another process uses this database; nothing was replaced.
            QueueDatabaseError: there is no such backup, or it is damaged or no queue; nothing was replaced.
        """
        return self.storage.restore(
            os.fspath(backup), replace=replace, verify=verify, progress=progress or _told_to_nobody
        )

    def vacuum(self, *, full: bool = False) -> Vacuumed:
        """Give what is free in the database back to the file system.

        In many short transactions, with rests for other writers; where the database keeps no map of its pages for that
        (an application's own file), nothing.

        Args:
            full: Write the whole file anew instead, in one piece, while everybody else who writes waits. From then
                on it keeps such a map.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self.storage.rebuild() if full else _give_back(self.storage)

    def close(self) -> None:
        """Close every connection; using the queue afterwards raises `QueueDatabaseError`."""
        self._storage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r})"


def _give_back(storage: Storage) -> Vacuumed:
    began = time.monotonic()
    before = storage.condition()
    while (given := storage.reclaim(keep=0.0)).bytes:
        time.sleep(REST * given.held_seconds)
    after = storage.condition()
    return Vacuumed(
        bytes_before=before.database_bytes,
        bytes_after=after.database_bytes,
        free_before=before.free_bytes,
        free_after=after.free_bytes,
        seconds=time.monotonic() - began,
    )


def _told_to_nobody(done: int, total: int) -> None:
    pass


def _users_data_folder() -> Path:
    try:
        home = Path.home()
    except RuntimeError as error:
        raise QueueDatabaseError("this user has no home folder; name a database, or set MUSTERQ_DATABASE") from error
    return data_folder(sys.platform, os.environ, home)


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise QueueDatabaseError(
            f"the folder {folder} cannot be made ({error.strerror}); name a database, or set MUSTERQ_DATABASE"
        ) from error
