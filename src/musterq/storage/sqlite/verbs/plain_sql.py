"""Statements of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.verbs.frame import Frame


class PlainSQLVerbs(Frame):
    """The verbs of plain SQL."""

    @verb
    def execute(self, sql: str, parameters: Any = ()) -> Any:
        own = self._sessions.own()
        cursor = self._sessions.in_turn(own, lambda: _cursor(own, sql, parameters))
        if cursor.description is None and not own.in_transaction:
            self._sessions.look_after_log(own)
        return cursor

    @verb
    def execute_many(self, sql: str, rows: Iterable[Any]) -> Any:
        with self._sessions.transaction() as raw:
            return raw.executemany(sql, rows)

    def transaction(self) -> AbstractContextManager[Any]:
        return self._sessions.transaction()

    def connection(self) -> Any:
        return self._sessions.own().raw


def _cursor(own: Connection, sql: str, parameters: Any) -> Any:
    with own.guarded():
        return own.raw.execute(sql, parameters)
