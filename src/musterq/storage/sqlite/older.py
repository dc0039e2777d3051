"""Upgrading the older layout: its tables are set aside, the new ones made, every row copied, the old ones dropped.

Triggers admit and count the copied rows as they do any that plain SQL puts in; times and statuses come into their
stored form by them. Columns that a program added to a table of its own accord are carried over too.
"""

from __future__ import annotations

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

_TABLES = ("task_queue", "workers", "task_logs")
_PREFIX = "older_"
#: Generated columns of the older layout, which stay usable: name to the JSON they read.
_GENERATED = {"region": ("compatibility", "$.region"), "format": ("payload", "$.format")}


def set_older_tables_aside(connection: Connection) -> None:
    """Rename the tables; drop what the new layout brings itself (views, indexes, triggers)."""
    for kind in ("view", "trigger", "index"):
        for (name,) in connection.rows(query("older_objects"), {"kind": kind}):
            connection.run(f"DROP {kind.upper()} IF EXISTS {_quoted(name)}")
    connection.run("PRAGMA legacy_alter_table = ON")  # a rename must not rewrite what refers to the table
    for table in _present(connection):
        connection.run(f"ALTER TABLE {table} RENAME TO {_PREFIX}{table}")
    connection.run("PRAGMA legacy_alter_table = OFF")


def copy_older_rows(connection: Connection) -> None:
    """Copy every row into the new tables, then drop the old ones; ids go on where they were."""
    for table in _TABLES:
        if not _columns(connection, _PREFIX + table):
            continue
        columns = _carried_columns(connection, table)
        names = ", ".join(_quoted(name) for name in columns)
        connection.run(f"INSERT INTO {table} ({names}) SELECT {names} FROM {_PREFIX}{table} ORDER BY rowid")
    connection.run(query("older_ids"))
    connection.run(query("older_ids_of_empty_tables"))
    connection.run(query("older_claims"))
    for table in reversed(_TABLES):
        connection.run(f"DROP TABLE IF EXISTS {_PREFIX}{table}")


def _carried_columns(connection: Connection, table: str) -> list[str]:
    """The columns to copy; what the new table lacks is added to it, generated ones as such."""
    new = set(_columns(connection, table))
    carried = []
    for name, declared, generated in _columns_with_types(connection, _PREFIX + table):
        if generated:
            _add_generated(connection, table, name)
            continue
        if name not in new:
            connection.run(f"ALTER TABLE {table} ADD COLUMN {_quoted(name)} {declared}")
        carried.append(name)
    return carried


def _add_generated(connection: Connection, table: str, name: str) -> None:
    if table == "task_queue" and name in _GENERATED:
        source, path = _GENERATED[name]
        connection.run(
            f"ALTER TABLE task_queue ADD COLUMN {name} TEXT GENERATED ALWAYS AS "
            f"(CASE WHEN json_valid({source}) THEN json_extract({source}, '{path}') END) VIRTUAL"
        )


def _present(connection: Connection) -> list[str]:
    return [table for table in _TABLES if _columns(connection, table)]


def _columns(connection: Connection, table: str) -> list[str]:
    return [name for name, _, _ in _columns_with_types(connection, table)]


def _columns_with_types(connection: Connection, table: str) -> list[tuple[str, str, bool]]:
    """Name, declared type, and whether it is generated."""
    rows = connection.rows(f"PRAGMA table_xinfo({_quoted(table)})")
    return [(row[1], row[2], row[6] in (2, 3)) for row in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
