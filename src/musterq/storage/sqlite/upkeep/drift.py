"""What of the tables, indexes, triggers and views is not as the migrations make it, and making it so again.

It is compared with a model: a database in memory that the migrations have just made.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.queries import migrations, query

_QUOTED_NAME = re.compile(r'^(CREATE (?:UNIQUE )?\w+) "(\w+)"')
_MENDED = ("view", "index", "trigger")  # in this order: a view that goes takes its triggers along


class Made(NamedTuple):
    """An object of the schema, as it was made."""

    kind: str
    table: str
    sql: str


class Drift(NamedTuple):
    """An object that is missing or changed; ``lacking``: the columns that a table has no more."""

    name: str
    made: Made
    missing: bool
    lacking: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is wrong with it."""
        if self.lacking:
            return f"table {self.name} lacks {', '.join(self.lacking)}"
        of = "" if self.made.kind in ("table", "view") else f" of {self.made.table}"
        return f"{self.made.kind} {self.name}{of} {'is missing' if self.missing else 'was changed'}"


@contextlib.contextmanager
def model_of(driver: Driver) -> Iterator[Connection]:
    """A database in memory with the tables of this version."""
    connection = driver.connect(":memory:")
    try:
        for _, script in migrations():
            connection.script(script)
        yield connection
    finally:
        connection.close()


def drifts(connection: Connection, model: Connection) -> list[Drift]:
    """Compare all that the migrations make with what is there. What a program has added is its own business."""
    there, found = _objects(connection), []
    for name, made in _objects(model).items():
        now = there.get(name)
        if now is None or now.kind != made.kind:
            found.append(Drift(name, made, missing=True))
        elif made.kind == "table":
            if lacking := _columns(model, name) - _columns(connection, name):
                found.append(Drift(name, made, missing=False, lacking=tuple(sorted(lacking))))
        elif now.sql != made.sql:
            found.append(Drift(name, made, missing=False))
    return found


def mend(connection: Connection, model: Connection) -> list[str]:
    """Make them again, in the transaction that is open; a table that is missing is beyond that."""
    mended = []
    for kind in _MENDED:
        for drift in drifts(connection, model):
            if drift.made.kind == kind:
                connection.run(f"DROP {kind.upper()} IF EXISTS {drift.name}")
                connection.run(drift.made.sql)
                mended.append(drift.name)
    return mended


def _objects(connection: Connection) -> dict[str, Made]:
    rows = connection.rows(query("schema_objects"))
    return {name: Made(kind, table, _plain(sql)) for name, kind, table, sql in rows}


def _plain(sql: str) -> str:
    """A table that was renamed has its name in quotes from then on."""
    return _QUOTED_NAME.sub(r"\1 \2", sql)


def _columns(connection: Connection, table: str) -> set[str]:
    return {row[1] for row in connection.rows(f"PRAGMA table_xinfo({table})")}
