"""The program's own transactions, on its thread's own connection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.reentry import enter, leave


@contextlib.contextmanager
def transaction(
    own: Callable[[], Connection], begin: Callable[[Connection], None], done: Callable[[Connection], None]
) -> Iterator[Any]:
    """A write transaction; within an open one, a savepoint. It yields the driver's connection.

    One generator with all the steps: if a signal handler raises between it and its block, Python closes it, and that
    undoes them.
    """
    enter()
    try:
        connection = own()
        nested = connection.in_transaction
        try:
            if nested:
                connection.run("SAVEPOINT musterq")
            else:
                begin(connection)
            with connection.guarded():
                yield connection.raw
            connection.run("RELEASE musterq" if nested else "COMMIT")
        except BaseException:
            _undo(connection, nested=nested)
            raise
        if not nested:
            done(connection)
    finally:
        try:
            leave()
        except BaseException:  # as in `verb`
            leave()
            raise


def _undo(connection: Connection, *, nested: bool) -> None:
    if connection.in_transaction:
        for statement in ("ROLLBACK TO musterq", "RELEASE musterq") if nested else ("ROLLBACK",):
            connection.run(statement)
