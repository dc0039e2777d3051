"""The program's own transactions, on its thread's own connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.reentry import enter, leave


class Transaction(AbstractContextManager[Any]):
    """A write transaction; within an open one, a savepoint. It yields the driver's connection.

    A class of its own, not a generator: between a generator and its block a signal handler's exception would be lost.
    """

    def __init__(
        self,
        own: Callable[[], Connection],
        begin: Callable[[Connection], None],
        done: Callable[[Connection], None],
    ) -> None:
        self._own = own
        self._begin = begin
        self._done = done
        self._nested = False
        self._connection: Connection | None = None
        self._inside = False

    def __enter__(self) -> Any:
        enter()
        try:
            self._inside = True
            self._connection = connection = self._own()
            self._nested = connection.in_transaction
            if self._nested:
                connection.run("SAVEPOINT musterq")
            else:
                self._begin(connection)
            return connection.raw
        except BaseException:
            self._leave(undo=True)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._commit()
            return
        self._leave(undo=True)
        if isinstance(error, Exception) and self._connection is not None:
            with self._connection.guarded():
                raise error

    def __del__(self) -> None:
        """An exception of a signal handler may come where `__exit__` begins, and then it has not run."""
        if self._inside:
            self._leave(undo=True)

    def _commit(self) -> None:
        try:
            connection = self._connection
            if connection is not None:
                connection.run("RELEASE musterq" if self._nested else "COMMIT")
        except BaseException:
            self._leave(undo=True)
            raise
        self._leave(undo=False)

    def _leave(self, *, undo: bool) -> None:
        try:
            connection = self._connection
            if connection is None:
                return
            if undo and connection.in_transaction:
                for statement in ("ROLLBACK TO musterq", "RELEASE musterq") if self._nested else ("ROLLBACK",):
                    connection.run(statement)
            if not self._nested:
                self._done(connection)
        finally:
            self._inside = False
            leave()
