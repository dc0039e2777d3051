"""The engine's seam over apsw, for its VFS in Python: a disk that fails on command (see `faulty_disk`).

Two SQLite libraries in one process spoil a file, so in tests with this driver every connection goes through it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

import apsw

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Parameters
from musterq.storage.sqlite.faults import fault


class Row(tuple[Any, ...]):
    """A row that is read by name and by position."""

    __slots__ = ()
    names: tuple[str, ...] = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.names)


class Cursor:
    """What a program sees of a statement: sqlite3's cursor, as far as the queue promises it."""

    def __init__(self, connection: apsw.Connection, sql: str, rows: Iterable[Parameters], *, many: bool) -> None:
        self._connection = connection
        before = connection.total_changes()
        self._cursor = connection.cursor()
        result = self._cursor.executemany(sql, rows) if many else self._cursor.execute(sql, *rows)
        names = tuple(column[0] for column in self._description())
        self.description = names or None
        kind: Any = type("NamedRow", (Row,), {"__slots__": (), "names": names})
        self._rows: Iterator[Any] = map(kind, result) if names else iter(())
        changed = connection.total_changes() != before
        self.rowcount = connection.changes() if changed and not many else connection.total_changes() - before
        self.lastrowid = connection.last_insert_rowid()

    def _description(self) -> Sequence[tuple[Any, ...]]:
        try:
            return self._cursor.get_description()
        except apsw.ExecutionCompleteError:
            return ()

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class Program:
    """What a program sees of a connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Parameters = ()) -> Cursor:
        return Cursor(self._connection, sql, [parameters], many=False)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> Cursor:
        return Cursor(self._connection, sql, rows, many=True)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction


class ApswConnection:
    """`Connection` over apsw."""

    def __init__(self, connection: apsw.Connection, location: str) -> None:
        self._connection = connection
        self._location = location
        self.raw = Program(connection)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        with self.guarded():
            return list(self._connection.execute(sql, parameters))

    def row(self, sql: str, parameters: Parameters = ()) -> Any:
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        before = self._connection.total_changes()
        self.rows(sql, parameters)
        return self._connection.changes() if self._connection.total_changes() != before else 0

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        self.rows(sql, parameters)
        return self._connection.last_insert_rowid()

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        return sum(self.run(sql, row) for row in rows)

    def script(self, sql: str) -> None:
        self.rows(sql)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise fault(getattr(error, "extendedresult", None), str(error), self._location) from error
        except UnicodeDecodeError as error:
            raise QueueDatabaseError(f"{self._location}: could not decode to UTF-8: {error}") from error

    def tolerate_broken_text(self, tolerant: bool) -> None:  # noqa: FBT001 - the seam's own signature
        """Apsw reads no text that is not UTF-8; what needs it is tested with sqlite3."""

    def copy_to(self, target: ApswConnection, *, pages: int, progress: Callable[[int, int], None]) -> None:
        with target.guarded(), target._connection.backup("main", self._connection, "main") as copy:
            while not copy.done:
                copy.step(pages)
                progress(copy.page_count - copy.remaining, copy.page_count)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        """SQLite closes although its last checkpoint fails, and sqlite3 does not tell."""
        with contextlib.suppress(apsw.Error):
            self._connection.close(force=True)


class ApswDriver:
    """`Driver` over apsw; ``vfs`` names a VFS of its own."""

    def __init__(self, vfs: str | None = None) -> None:
        self._vfs = vfs

    def connect(self, path: str) -> ApswConnection:
        try:
            return ApswConnection(apsw.Connection(path, vfs=self._vfs), path)
        except apsw.Error as error:
            raise fault(getattr(error, "extendedresult", None), str(error), path) from error

    def connect_for_program(self, path: str) -> ApswConnection:
        return self.connect(path)

    def adopt(self, within: Any, path: str) -> NoReturn:
        raise TypeError(f"within= takes a connection of another library than apsw, which opened {path}")

    def version(self) -> tuple[int, int, int]:
        major, rest = divmod(apsw.SQLITE_VERSION_NUMBER, 1_000_000)
        return major, *divmod(rest, 1_000)


vfs_numbers = itertools.count()
