"""Statements of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class PlainSQLVerbs(Protocol):
    """The verbs of plain SQL."""

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """Run one statement of the user's and return its cursor: rows by name and position, rowcount, lastrowid."""

    def execute_many(self, sql: str, rows: Iterable[Any]) -> Any:
        """Run one statement for each row of parameters, in one transaction."""

    def transaction(self) -> AbstractContextManager[Any]:
        """A write transaction on this thread's own connection, which it yields; nested ones are savepoints."""

    def connection(self) -> Any:
        """This thread's own connection of the driver; rows are read by name and position."""
