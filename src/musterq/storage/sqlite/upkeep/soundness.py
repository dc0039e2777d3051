"""Whether a database is sound: read through by SQLite, and what is kept beside its rows counted anew."""

from __future__ import annotations

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.upkeep import drift, verifying
from musterq.upkeep import Discrepancy

_MOST = 10  # of what is wrong: the first of it says it all


def damage(connection: Connection, *, deep: bool = True) -> list[str]:
    """What SQLite finds wrong with the file; not ``deep``: without comparing indexes with their tables."""
    check = "integrity_check" if deep else "quick_check"
    try:
        found = [text for (text,) in connection.rows(f"PRAGMA {check}({_MOST})")]
    except QueueBusyError:
        raise
    except QueueDatabaseError as error:  # it breaks off where it cannot go on
        return [str(error.__cause__ or error)]
    return [] if found == ["ok"] else [line for text in found for line in text.splitlines() if line]


def loose_rows(connection: Connection) -> list[str]:
    """Rows that refer to a row which is not there."""
    found = connection.rows("PRAGMA foreign_key_check")[:_MOST]
    return [f"row {row} of {table} refers to a row of {parent} that is gone" for table, row, parent, _ in found]


def miscounts(connection: Connection, model: Connection) -> list[str]:
    """What is kept beside the tasks and is not what a full count gives; ``model``: a new database, for its schema."""
    found = verifying.look(connection, lambda looked_at: drift.drifts(looked_at, model)).found
    connection.run("ROLLBACK")
    return [_words(one) for one in found]


def _words(one: Discrepancy) -> str:
    kept = ", ".join(f"{name} {value} instead of {one.counted.get(name, 'none')}" for name, value in one.kept.items())
    return f"{one.what} ({one.where})" + (f": {kept}" if kept else "")
