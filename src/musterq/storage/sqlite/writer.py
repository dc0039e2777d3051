"""Group commit: all threads of a process write through one connection, and who is first commits for all.

A thread that wants to write queues its work. The first one there leads: it runs what waits in one transaction,
commits, and hands the lead to whoever came meanwhile. A lone thread finds nobody and pays nothing.
If any work of a group fails, the group is rolled back and each is run again in a transaction of its own, so that
one bad row fails alone; so work must do nothing but read and write the database it is given.

A signal handler may raise at any line here. Work stays queued until it is done, and `_settle` can be begun again, so
whatever is interrupted, others get their results and the lead goes on to the next.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.gate import WriteGate

T = TypeVar("T")
_GROUP_LIMIT = 256


class _Entry:
    """Work that waits for its commit. ``turn`` is released when it is done or when it is this thread's turn to lead."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None
        self.turn: threading.Lock | None = None

    def wake(self) -> None:
        """A second time it does nothing."""
        if self.turn is not None and self.turn.locked():
            self.turn.release()


class Writer:
    """The one writing connection of a process."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        gate: WriteGate,
        *,
        after_commit: Callable[[Connection], None],
    ) -> None:
        self._connect = connect
        self._gate = gate
        self._after_commit = after_commit
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self._waiting: deque[_Entry] = deque()  # the leader first
        self._leader: _Entry | None = None
        self._closed = False

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction; return its result once that is committed, or raise its own error."""
        entry = _Entry(work)
        try:
            group = self._queue(entry)
            if entry.turn is not None:
                entry.turn.acquire()
                group = None if entry.done else self._next_group()
            if group is not None:
                self._lead(group)
        finally:
            try:
                self._settle(entry)
            except BaseException:
                self._settle(entry)
                raise
        if entry.error is not None:
            raise entry.error
        result: T = entry.result
        return result

    def close(self) -> None:
        """Close the connection; whoever writes later is refused."""
        with self._lock:
            self._closed = True
            if self._leader is None:
                self._close_connection()

    def _queue(self, entry: _Entry) -> list[_Entry] | None:
        """Stand in line; whoever finds nobody there leads, and his own work is the group."""
        with self._lock:
            leads = self._leader is None
            if leads:
                self._leader = entry
            else:
                entry.turn = threading.Lock()
                entry.turn.acquire()
            self._waiting.append(entry)
            return [entry] if leads else None

    def _next_group(self) -> list[_Entry]:
        with self._lock:
            return list(islice(self._waiting, _GROUP_LIMIT))

    def _lead(self, group: list[_Entry]) -> None:
        self._write_group(group)
        if self._connection is not None:
            self._after_commit(self._connection)

    def _settle(self, entry: _Entry) -> None:
        """Whatever happened to this call: leave nothing of it behind. A second time it does nothing."""
        with self._lock:
            if self._leader is entry:
                self._hand_on(entry)
            elif not entry.done and entry in self._waiting:
                self._waiting.remove(entry)

    def _hand_on(self, leader: _Entry) -> None:
        if self._connection is not None:
            self._roll_back(self._connection)
        while self._waiting and (self._waiting[0].done or self._waiting[0] is leader):
            self._waiting[0].wake()
            self._waiting.popleft()
        if self._closed and not self._waiting:
            self._close_connection()
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.wake()

    def _write_group(self, group: list[_Entry]) -> None:
        """Write them together, else each alone."""
        connection = self._begin(group)
        if connection is None:
            return
        try:
            self._transact(connection, group)
        except Exception as error:
            self._roll_back(connection)
            if len(group) == 1:
                group[0].error, group[0].done = error, True
                return
            for entry in group:
                if not entry.done:
                    self._write_group([entry])
            if not isinstance(error, QueueDatabaseError) and not any(entry.error for entry in group):
                raise  # no work failed: a signal handler raised it

    def _begin(self, group: list[_Entry]) -> Connection | None:
        """The connection in a write transaction; None: there is none for anybody, and each has its error."""
        try:
            connection = self._open()
            self._gate.begin(connection)
        except QueueDatabaseError as error:
            for entry in group:
                entry.error = copy.copy(error).with_traceback(None)
                entry.error.__cause__ = error.__cause__
                entry.done = True
            return None
        return connection

    def _transact(self, connection: Connection, group: list[_Entry]) -> None:
        committing = False
        try:
            for entry in group:
                entry.result = entry.work(connection)
            committing = True
            connection.run("COMMIT")
            _mark_done(group)
        except BaseException as error:
            if committing and not isinstance(error, QueueDatabaseError) and not connection.in_transaction:
                _mark_done(group)  # a handler came right after the commit
            raise

    def _open(self) -> Connection:
        if self._closed:
            raise QueueDatabaseError("this queue database is closed; open a new one")
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _roll_back(self, connection: Connection) -> None:
        """End the transaction, if one is open; a connection that cannot do that is given up."""
        try:
            if connection.in_transaction:
                connection.run("ROLLBACK")
        except QueueDatabaseError:
            self._connection = None

    def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _mark_done(group: list[_Entry]) -> None:
    for entry in group:
        entry.done = True
