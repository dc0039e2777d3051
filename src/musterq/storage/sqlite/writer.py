"""Group commit: all threads of a process write through one connection, and who is first commits for all.

A thread that wants to write queues its work. The first one there leads: it takes what waits, runs it in one
transaction, commits, and hands the lead to whoever came meanwhile. A lone thread finds nobody and pays nothing.
If any work of a group fails, the group is rolled back and each is run again in a transaction of its own, so that
one bad row fails alone; so work must do nothing but read and write the database it is given.

A signal handler may raise at any line here. Whatever it interrupts, `_settle` then runs: who was not committed
goes back to the queue, and the lead goes on to the next.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
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
        self._waiting: deque[_Entry] = deque()
        self._leader: _Entry | None = None
        self._group: list[_Entry] = []
        self._closed = False

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction; return its result once that is committed, or raise its own error."""
        entry = _Entry(work)
        try:
            self._queue(entry)
            if entry.turn is not None:
                entry.turn.acquire()
            if not entry.done:
                self._lead()
        finally:
            self._settle(entry)
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

    def _queue(self, entry: _Entry) -> None:
        with self._lock:
            self._waiting.append(entry)
            if self._leader is None:
                self._leader = entry
            else:
                entry.turn = threading.Lock()
                entry.turn.acquire()

    def _lead(self) -> None:
        with self._lock:
            self._group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _GROUP_LIMIT))]
        self._write_group(self._group)

    def _settle(self, entry: _Entry) -> None:
        """Whatever happened to this call: leave nothing of it behind. A second time it does nothing."""
        with self._lock:
            if self._leader is entry:
                self._hand_on(entry)
            elif not entry.done and entry in self._waiting:
                self._waiting.remove(entry)

    def _hand_on(self, leader: _Entry) -> None:
        group, self._group = self._group, []
        self._waiting.extendleft(entry for entry in reversed(group) if not entry.done)
        if not leader.done and leader in self._waiting:
            self._waiting.remove(leader)
        for entry in group:
            if entry.done and entry is not leader and entry.turn is not None:
                entry.turn.release()
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None and self._leader.turn is not None:
            self._leader.turn.release()
        elif self._closed:
            self._close_connection()

    def _write_group(self, group: list[_Entry]) -> None:
        try:
            self._transact(group)
        except Exception as error:
            if len(group) == 1:
                group[0].error, group[0].done = error, True
            else:
                for entry in group:
                    self._write_group([entry])

    def _transact(self, group: list[_Entry]) -> None:
        connection = self._open()
        results: list[Any] = []
        committing = False
        try:
            self._gate.begin(connection)
            results = [entry.work(connection) for entry in group]
            committing = True
            connection.run("COMMIT")
        except BaseException as error:
            committed = committing and not isinstance(error, Exception) and not connection.in_transaction
            if committed:  # the handler came right after the commit
                _mark_done(group, results)
            elif connection.in_transaction:
                connection.run("ROLLBACK")
            raise
        _mark_done(group, results)
        self._after_commit(connection)

    def _open(self) -> Connection:
        if self._closed:
            raise QueueDatabaseError("this queue database is closed; open a new one")
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _close_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _mark_done(group: list[_Entry], results: list[Any]) -> None:
    for entry, result in zip(group, results, strict=True):
        entry.result, entry.done = result, True
