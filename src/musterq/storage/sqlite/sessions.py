"""Which connection a piece of work runs on: the writer, a reader, this thread's own, or the program's.

Connections never cross a fork: SQLite would spoil the file without a word. A child forgets the parent's connections
(it must not close them either) and opens its own.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.checkpointing import Checkpointer, has_reset_race
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.gate import WriteGate
from musterq.storage.sqlite.place import check_place, is_new
from musterq.storage.sqlite.reentry import enter, leave
from musterq.storage.sqlite.writer import Writer

T = TypeVar("T")
_READER_PATIENCE_MS = 10_000
_SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL"}


class _OfThisThread(threading.local):
    connection: Connection | None = None


class Sessions:
    """All connections of this process to one database file."""

    def __init__(self, path: str, driver: Driver, *, durability: str, busy_timeout: float) -> None:
        self.path = path
        self.driver = driver
        self.gate = WriteGate(path, busy_timeout=busy_timeout)
        self._synchronous = _SYNCHRONOUS[durability]
        self._closed = False
        self._start_afresh()
        _everywhere.add(self)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction: of this thread, if it has one open, else with whoever writes now."""
        self._check_open()
        own = self._here.connection
        if own is not None and own.in_transaction:
            with savepoint(own):
                return work(own)
        return self._writer.write(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a connection for reading; within this thread's open transaction it sees what that wrote."""
        self._check_open()
        own = self._here.connection
        if own is not None and own.in_transaction:
            return work(own)
        return self.read_committed(work)

    def read_committed(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a connection that nobody else uses meanwhile, whatever this thread has open."""
        try:
            connection = self._idle_readers.pop()
        except IndexError:
            connection = self._connect_reader()
        try:
            return work(connection)
        finally:
            if connection.in_transaction:
                connection.run("ROLLBACK")
            self._keep(connection)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """A write transaction on this thread's own connection; within an open one, a savepoint."""
        enter()
        try:
            own = self.own()
            with own.guarded(), savepoint(own) if own.in_transaction else self._transaction(own):
                yield own.raw
        finally:
            leave()

    def own(self) -> Connection:
        """This thread's own connection."""
        self._check_open()
        if self._here.connection is None:
            check_place(self.path)
            connection = self.driver.connect_for_program(self.path)
            self._configure(connection)
            self._here.connection = connection
            self._own.add(connection)
        return self._here.connection

    def close(self) -> None:
        """Close every connection; those that other threads use right now, when they have done."""
        self._closed = True
        self._writer.close()
        while self._idle_readers:
            self._idle_readers.pop().close()
        for connection in list(self._own):
            connection.close()

    def forget_after_fork(self) -> None:
        """In a child: leave the parent's connections alone for ever, and begin with none."""
        _left_alone.append((self._writer, list(self._idle_readers), list(self._own), self._here))
        self._start_afresh()

    def _start_afresh(self) -> None:
        race = has_reset_race(self.driver.version())
        self._checkpointer = Checkpointer(self.path, holds_write_lock=race)
        self._writer = Writer(self._connect_writer, self.gate, after_commit=self._checkpointer.look)
        self._idle_readers: deque[Connection] = deque()
        self._own: weakref.WeakSet[Any] = weakref.WeakSet()
        self._here = _OfThisThread()

    def _connect_writer(self) -> Connection:
        check_place(self.path)
        new = is_new(self.path)
        connection = self.driver.connect(self.path)
        connection.run("PRAGMA busy_timeout = 10000")
        if new:
            connection.row("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, and before WAL
        connection.row("PRAGMA journal_mode = WAL")
        self._configure(connection)
        return connection

    def _connect_reader(self) -> Connection:
        check_place(self.path)
        connection = self.driver.connect(self.path)
        self._configure(connection)
        connection.run(f"PRAGMA busy_timeout = {_READER_PATIENCE_MS}")
        connection.run("PRAGMA query_only = ON")
        return connection

    def _configure(self, connection: Connection) -> None:
        connection.run("PRAGMA busy_timeout = 0")
        connection.run(f"PRAGMA synchronous = {self._synchronous}")
        connection.run("PRAGMA temp_store = MEMORY")  # else a statement's journal is a file of its own
        if has_reset_race(self.driver.version()):
            connection.row("PRAGMA wal_autocheckpoint = 0")

    def _keep(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle_readers.append(connection)

    @contextlib.contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        self.gate.begin(connection)
        try:
            yield
            connection.run("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.run("ROLLBACK")
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise QueueDatabaseError("this queue database is closed; open a new one")


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    connection.run("SAVEPOINT musterq")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.run("ROLLBACK TO musterq")
            connection.run("RELEASE musterq")
        raise
    connection.run("RELEASE musterq")


_everywhere: weakref.WeakSet[Sessions] = weakref.WeakSet()
_left_alone: list[Any] = []


def _forget_all() -> None:
    for sessions in list(_everywhere):
        sessions.forget_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
