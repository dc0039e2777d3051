"""Which connection a piece of work runs on: the writer, a reader, this thread's own, or the program's.

Connections never cross a fork (see `forking`): a child opens its own.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite import forking
from musterq.storage.sqlite.checkpointing import LOG_LIMIT_BYTES, Checkpointer, has_reset_race
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.gate import WriteGate
from musterq.storage.sqlite.place import OpenedFile, check_place, is_new
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import is_inside
from musterq.storage.sqlite.transactions import transaction
from musterq.storage.sqlite.writer import Writer

T = TypeVar("T")
_PAGE_BYTES = (
    2048  # a commit writes some ten pages for a few changed bytes in each: with 4096 it takes half as long again
)
_SETUP_PATIENCE_MS = 10_000
_READER_PATIENCE_MS = 10_000
_SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL"}


class _OfThisThread(threading.local):
    connection: Connection | None = None
    writing = False
    looking: Connection | None = None


class Sessions:
    """All connections of this process to one database file."""

    def __init__(self, path: str, driver: Driver, *, durability: str, busy_timeout: float) -> None:
        self.path = path
        self.driver = driver
        self.gate = WriteGate(path, busy_timeout=busy_timeout)
        self._synchronous = _SYNCHRONOUS[durability]
        self._patience_ms = int(busy_timeout * 1000)
        self._refusal: str | None = None
        self._file = OpenedFile(path)
        self._start_afresh()
        forking.mind(self)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction: of this thread, if it has one open, else with whoever writes now."""
        self._check_open()
        self._file.check()
        own = self._here.connection
        if own is not None and own.in_transaction:
            with savepoint(own):
                return work(own)
        return self._write_with_others(work)

    def _write_with_others(self, work: Callable[[Connection], T]) -> T:
        here = self._here
        if here.writing:
            raise QueueDatabaseError(
                "this signal handler has interrupted a write of its own thread and cannot wait for it; "
                "let it note what to do, and write that after it has returned"
            )
        here.writing = True
        try:
            return self._writer.write(work)
        finally:
            here.writing = False

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a connection for reading; within this thread's open transaction it sees what that wrote."""
        self._check_open()
        own = self._here.connection
        if own is not None and own.in_transaction:
            return work(own)
        if self._here.looking is not None:
            return work(self._here.looking)
        return self.read_committed(work)

    def at_one_moment(self, look: Callable[[], T]) -> T:
        """Run ``look``: whatever it reads, from its first reading on, is of the same moment."""
        self._check_open()
        self._file.check()
        here = self._here

        def look_from_here(connection: Connection) -> T:
            connection.run("BEGIN")  # whoever keeps the reader ends it
            here.looking = connection
            try:
                return look()
            finally:
                here.looking = None

        return look() if here.looking is not None else self.read_committed(look_from_here)

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

    def transaction(self) -> AbstractContextManager[Any]:
        """A write transaction on this thread's own connection; within an open one, a savepoint."""
        return transaction(self.own, self._begin_own, self._done)

    def in_turn(self, own: Connection, statement: Callable[[], T]) -> T:
        """Run a statement on a thread's own connection, in turn with other writers.

        By itself that connection waits as SQLite does, for what the program runs on it without us.
        """
        own.run("PRAGMA busy_timeout = 0")
        try:
            return self.gate.pass_through(statement)
        finally:
            own.run(f"PRAGMA busy_timeout = {self._patience_ms}")

    def change_schema(self, work: Callable[[Connection], None]) -> None:
        """Run ``work`` in a transaction of the file's own journal mode; if it fails, the file is as it was."""
        check_place(self.path)
        new = is_new(self.path)
        connection = self.driver.connect(self.path)
        try:
            connection.run(f"PRAGMA busy_timeout = {_SETUP_PATIENCE_MS}")
            if new:
                connection.row(f"PRAGMA page_size = {_PAGE_BYTES}")  # both before the first table
                connection.row("PRAGMA auto_vacuum = INCREMENTAL")
            self._transact(connection, work)
        except BaseException:
            connection.close()
            self._undo_half_written()
            raise
        with contextlib.suppress(QueueDatabaseError):  # somebody reads: the first writer tries again
            self._begin_log(connection)
        connection.close()

    def own(self) -> Connection:
        """This thread's own connection."""
        self._check_open()
        if self._here.connection is None:
            check_place(self.path)
            with _kept(self.driver.connect_for_program(self.path)) as connection:
                self._configure(connection)
                connection.run(f"PRAGMA busy_timeout = {self._patience_ms}")
            self._here.connection = connection
            self._own[threading.get_ident()] = connection
        return self._here.connection

    def alone(self, work: Callable[[Connection], None]) -> None:
        """Run work that takes the write lock itself, and for long, on a connection of its own, in turn with writers."""
        self._check_open()
        connection = self._connect_copier()
        try:
            self.gate.pass_through(lambda: work(connection))
            self.look_after_log(connection)
        finally:
            connection.close()

    def look_after_log(self, connection: Connection) -> None:
        """After a commit on a thread's own connection, as the writer does after its commits."""
        self._checkpointer.look(connection)

    def close(self) -> None:
        """Close every connection; those that other threads use right now, when they have done."""
        self._refusal = "this queue database is closed; open a new one"
        self._writer.close()
        self._checkpointer.close()
        self._close_idle_readers()
        for thread, connection in list(self._own.items()):
            if thread == threading.get_ident() or not is_inside(thread):
                del self._own[thread]
                connection.close()

    def has_transaction(self) -> bool:
        """Whether a thread has a transaction open on its own connection."""
        return any(connection.in_transaction for connection in list(self._own.values()))

    def start_afresh_in_child(self, refusal: str | None) -> None:
        """Begin without connections; ``refusal`` says why none can be opened. Closing the parent's would do harm."""
        _left_alone.append((self._writer, self._checkpointer, self._idle_readers, list(self._own.values()), self._here))
        self._refusal = self._refusal or refusal
        self._start_afresh()

    def _start_afresh(self) -> None:
        race = has_reset_race(self.driver.version())
        self._checkpointer = Checkpointer(self.path, self.gate, self._connect_copier, holds_write_lock=race)
        self._writer = Writer(self._connect_writer, self.gate, after_commit=self._checkpointer.look)
        self._idle_readers: deque[Connection] = deque()
        self._own: weakref.WeakValueDictionary[int, Connection] = weakref.WeakValueDictionary()
        self._here = _OfThisThread()

    def _undo_half_written(self) -> None:
        """After a commit that broke off, the first who reads the file plays the journal back: do it now."""
        with contextlib.suppress(QueueDatabaseError):
            connection = self.driver.connect(self.path)
            try:
                connection.rows(query("objects"))
            finally:
                connection.close()

    def _begin_own(self, own: Connection) -> None:
        self.in_turn(own, lambda: own.run("BEGIN IMMEDIATE"))

    def _transact(self, connection: Connection, work: Callable[[Connection], None]) -> None:
        self.gate.begin(connection)
        try:
            work(connection)
            connection.run("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.run("ROLLBACK")
            raise

    def _connect_writer(self) -> Connection:
        check_place(self.path)
        with _kept(self.driver.connect(self.path)) as connection:
            connection.run(f"PRAGMA busy_timeout = {_SETUP_PATIENCE_MS}")
            self._begin_log(connection)
            self._configure(connection)
        return connection

    def _begin_log(self, connection: Connection) -> None:
        """Two that switch at once get «locked» without any wait, so it is tried again."""
        self.gate.pass_through(lambda: connection.row("PRAGMA journal_mode = WAL"))

    def _connect_copier(self) -> Connection:
        with _kept(self.driver.connect(self.path)) as connection:
            self._configure(connection)
        return connection

    def _connect_reader(self) -> Connection:
        check_place(self.path)
        with _kept(self.driver.connect(self.path)) as connection:
            self._configure(connection)
            connection.run(f"PRAGMA busy_timeout = {_READER_PATIENCE_MS}")
            connection.run("PRAGMA query_only = ON")
        return connection

    def _configure(self, connection: Connection) -> None:
        connection.run(f"PRAGMA busy_timeout = {_SETUP_PATIENCE_MS}")
        connection.run(f"PRAGMA synchronous = {self._synchronous}")
        connection.run("PRAGMA temp_store = MEMORY")  # else a statement's journal is a file of its own
        if has_reset_race(self.driver.version()):
            connection.row("PRAGMA wal_autocheckpoint = 0")
        connection.row(f"PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}")  # so that the log's size tells how long it is
        connection.run("PRAGMA busy_timeout = 0")

    def _keep(self, connection: Connection) -> None:
        self._idle_readers.append(connection)
        if self._refusal is not None:
            self._close_idle_readers()

    def _close_idle_readers(self) -> None:
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                self._idle_readers.pop().close()

    def _done(self, connection: Connection) -> None:
        """After a transaction on a thread's own connection."""
        if self._refusal is None:
            self.look_after_log(connection)
        else:
            self._own.pop(threading.get_ident(), None)
            connection.close()

    def _check_open(self) -> None:
        if self._refusal is not None:
            raise QueueDatabaseError(self._refusal)


@contextlib.contextmanager
def _kept(connection: Connection) -> Iterator[Connection]:
    """A new connection, which is closed if it cannot be made ready."""
    try:
        yield connection
    except BaseException:
        with contextlib.suppress(QueueDatabaseError):
            connection.close()
        raise


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """What is written within the block is undone alone, if the block raises."""
    connection.run("SAVEPOINT musterq")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.run("ROLLBACK TO musterq")
            connection.run("RELEASE musterq")
        raise
    connection.run("RELEASE musterq")


_left_alone: list[Any] = []
