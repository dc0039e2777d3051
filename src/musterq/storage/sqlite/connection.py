"""The seam to SQLite: all of the driver that the engine uses. The standard library's `sqlite3` is behind it.

Tests put another driver under the same seam, for faults of the disk that a real one cannot be asked for.
Two copies of SQLite in one process do not see each other's locks and spoil the file, so a program never mixes them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.faults import fault

T = TypeVar("T")
Parameters = Sequence[Any] | dict[str, Any]


class Connection(Protocol):
    """One connection in autocommit mode; every fault leaves as QueueDatabaseError."""

    @property
    def raw(self) -> Any: ...
    def rows(self, sql: str, parameters: Parameters = ()) -> list[Any]: ...
    def row(self, sql: str, parameters: Parameters = ()) -> Any: ...
    def run(self, sql: str, parameters: Parameters = ()) -> int: ...
    def insert(self, sql: str, parameters: Parameters = ()) -> int: ...
    def run_many(self, sql: str, rows: Iterable[Parameters]) -> int: ...
    def script(self, sql: str) -> None: ...
    def guarded(self) -> AbstractContextManager[None]: ...
    def tolerate_broken_text(self, *, tolerant: bool) -> None: ...
    def copy_to(self, target: Any, *, pages: int, progress: Callable[[int, int], None]) -> None: ...
    @property
    def in_transaction(self) -> bool: ...
    def close(self) -> None: ...


class Driver(Protocol):
    """Opens connections of one SQLite library."""

    def connect(self, path: str) -> Connection: ...
    def connect_for_program(self, path: str) -> Connection: ...
    def adopt(self, within: Any, path: str) -> Connection: ...
    def version(self) -> tuple[int, int, int]: ...


class StandardDriver:
    """The standard library's sqlite3."""

    def connect(self, path: str) -> StandardConnection:
        """A connection for the engine."""
        return StandardConnection(_open(path), path)

    def connect_for_program(self, path: str) -> StandardConnection:
        """A connection whose `raw` the program uses: rows read by name and by position."""
        raw = _open(path)
        raw.row_factory = sqlite3.Row
        return StandardConnection(raw, path, tuples=False)

    def adopt(self, within: Any, path: str) -> StandardConnection:
        """The engine's view of a program's own connection, which has a transaction open on the file at ``path``.

        Raises:
            TypeError: it is no ``sqlite3.Connection``.
            ValueError: it is of another file, or not in a transaction.
        """
        if not isinstance(within, sqlite3.Connection):
            raise TypeError(
                f"within= takes a sqlite3.Connection on {path}, not {type(within).__name__}; "
                "give the driver's own connection"
            )
        adopted = StandardConnection(within, path, tuples=False, owned=False)
        if not _same_file(adopted.row("PRAGMA database_list")[2], path):
            raise ValueError(f"within= is a connection to another file than {path}; connect to that one")
        if not within.in_transaction:
            raise ValueError("within= has no transaction open; begin one, and commit the task with it")
        return adopted

    def version(self) -> tuple[int, int, int]:
        """The version of the SQLite library."""
        return sqlite3.sqlite_version_info


class StandardConnection:
    """`Connection` over sqlite3; ``tuples`` False: rows of `raw` have a form of their own, which is undone here."""

    def __init__(self, raw: sqlite3.Connection, location: str, *, tuples: bool = True, owned: bool = True) -> None:
        self.raw = raw
        if owned:  # one that is dropped, as by a thread that ended, is closed; a program's connection is its own
            weakref.finalize(self, raw.close).atexit = False
        self._location = location
        self._execute = (
            raw.execute if tuples else partial(_execute_for_tuples, raw)
        )  # no cycle: it closes with its thread

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        """All rows of a statement, as tuples."""
        try:
            return self._execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise _fault_of(error, self._location) from error

    def row(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first row of a statement, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement without rows; how many rows it changed."""
        try:
            return self._execute(sql, parameters).rowcount
        except sqlite3.Error as error:
            raise _fault_of(error, self._location) from error

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """Insert one row; its rowid."""
        try:
            return self._execute(sql, parameters).lastrowid or 0
        except sqlite3.Error as error:
            raise _fault_of(error, self._location) from error

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run a statement for each row of parameters; how many rows it changed in all."""
        with self.guarded():
            return self.raw.executemany(sql, rows).rowcount

    def script(self, sql: str) -> None:
        """Run several statements, without committing what is open."""
        for statement in _statements(sql):
            self.run(statement)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn the driver's errors within the block into QueueDatabaseError."""
        try:
            yield
        except sqlite3.Error as error:
            raise _fault_of(error, self._location) from error

    def tolerate_broken_text(self, *, tolerant: bool) -> None:
        """Read text that is not UTF-8 with backslash escapes instead of failing; slower, so only when it was met."""
        self.raw.text_factory = (lambda text: text.decode("utf-8", "backslashreplace")) if tolerant else str

    def copy_to(self, target: StandardConnection, *, pages: int, progress: Callable[[int, int], None]) -> None:
        """Copy all pages into an empty database, so many at a time; tell after each time how many are done of how many.

        Within a read transaction it is one state that is copied, whatever others write meanwhile.
        """
        with target.guarded():
            self.raw.backup(target.raw, pages=pages, progress=lambda _, left, total: progress(total - left, total))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.raw.in_transaction

    def close(self) -> None:
        """Close it."""
        with self.guarded():
            self.raw.close()


def is_broken_text(error: QueueDatabaseError) -> bool:
    """Whether a text was met that is not UTF-8, as plain SQL may put one in."""
    return "decode to UTF-8" in str(error)


def tolerating_broken_text(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """The same work, on a connection that reads such texts with escapes."""

    def run(connection: Connection) -> T:
        connection.tolerate_broken_text(tolerant=True)
        try:
            return work(connection)
        finally:
            connection.tolerate_broken_text(tolerant=False)

    return run


def _execute_for_tuples(raw: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> sqlite3.Cursor:
    cursor = raw.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, parameters)


def _open(path: str) -> sqlite3.Connection:
    """A connection in autocommit mode that waits for no lock."""
    try:
        return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512)
    except sqlite3.Error as error:
        raise _fault_of(error, path) from error


def _fault_of(error: sqlite3.Error, location: str) -> QueueDatabaseError:
    return fault(getattr(error, "sqlite_errorcode", None), str(error), location)


def _same_file(one: str | bytes, other: str) -> bool:
    try:
        return Path(os.fsdecode(one)).samefile(other)  # bytes, where the program's connection reads texts so
    except OSError:
        return False


def _statements(sql: str) -> Iterator[str]:
    """Split a script at the ends of its statements (a trigger's body has semicolons of its own)."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
