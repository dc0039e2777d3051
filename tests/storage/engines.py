"""The engines that the conformance suite runs against: what each binds is a few lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from musterq.clock import Clock
from musterq.storage import open_storage
from musterq.storage.base import Storage
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite.apsw_driver import ApswDriver
from tests.storage.sqlite_counts import verify_counts


class PlainSQL(Protocol):
    """A connection of somebody else's: a shell, or a program in another language. Parameters are written ``?``."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]: ...
    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What the suite needs of an engine."""

    name: str
    open: Callable[[Path, Clock], Storage]  # the storage of this folder, the same one at every call
    plain_sql: Callable[[Storage], PlainSQL]
    verify_counts: Callable[[Storage], None]  # every counter against the rows; AssertionError says what differs


class SQLiteShell:
    """The standard library's `sqlite3`, each statement a transaction of its own unless one was begun."""

    def __init__(self, location: str) -> None:
        self.raw = sqlite3.connect(location, isolation_level=None, timeout=30)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self.raw.execute(sql, parameters).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.raw.executemany(sql, rows)

    def close(self) -> None:
        self.raw.close()


SQLITE = Engine(
    name="sqlite",
    open=lambda folder, clock: open_storage(folder / "queue.db", clock=clock),
    plain_sql=lambda storage: SQLiteShell(storage.location),
    verify_counts=verify_counts,
)


class ApswShell:
    """The same through the seam over apsw: two SQLite libraries in one process would spoil the file."""

    def __init__(self, location: str) -> None:
        self._connection = ApswDriver().connect(location)
        self._connection.run("PRAGMA busy_timeout = 30000")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._connection.rows(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.run_many(sql, rows)

    def close(self) -> None:
        self._connection.close()


SQLITE_APSW = Engine(
    name="sqlite-apsw",
    open=lambda folder, clock: SQLiteStorage(str(folder / "queue.db"), clock=clock, driver=ApswDriver()),
    plain_sql=lambda storage: ApswShell(storage.location),
    verify_counts=verify_counts,
)

ENGINES = [SQLITE, SQLITE_APSW]
