"""Whether a database is sound: read through by SQLite, and its counters compared with its rows."""

from __future__ import annotations

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

_MOST = 10  # of what is wrong: the first of it says it all


def damage(connection: Connection, *, deep: bool = True) -> list[str]:
    """What SQLite finds wrong with the file; not ``deep``: without comparing indexes with their tables."""
    check = "integrity_check" if deep else "quick_check"
    found = [text for (text,) in connection.rows(f"PRAGMA {check}({_MOST})")]
    return [] if found == ["ok"] else [line for text in found for line in text.splitlines() if line]


def loose_rows(connection: Connection) -> list[str]:
    """Rows that refer to a row which is not there."""
    found = connection.rows("PRAGMA foreign_key_check")[:_MOST]
    return [f"row {row} of {table} refers to a row of {parent} that is gone" for table, row, parent, _ in found]


def miscounts(connection: Connection) -> list[str]:
    """What the counters of tasks do not have right."""
    return [
        f"{counted} {status} tasks of type {type} are counted, and there are {there}"
        for type, status, there, counted in connection.rows(query("miscounted"))
    ]
