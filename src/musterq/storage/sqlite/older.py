"""Upgrading the older layout: its tables are set aside, the new ones made, every row copied, the old ones dropped.

Triggers admit and count the copied rows as they do any that plain SQL puts in; times and statuses come into their
stored form by them. Columns that a program added to a table of its own accord are carried over too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

_TABLES = ("task_queue", "workers", "task_logs")
_PREFIX = "older_"
#: By these columns the tables of the older layout are told from an application's own of the same name.
_MARKS = {
    "task_queue": {
        "id",
        "type",
        "priority",
        "payload",
        "compatibility",
        "status",
        "attempts",
        "max_attempts",
        "locked_by",
    },
    "workers": {"worker_id", "capabilities", "heartbeat_utc"},
    "task_logs": {"log_id", "task_id", "at_utc", "level", "message"},
}
#: Generated columns of the older layout, which stay usable: name to the JSON they read.
_GENERATED = {"region": ("compatibility", "$.region"), "format": ("payload", "$.format")}
_OWN_VIEWS = frozenset(
    {"v_queue_status_summary", "v_queue_type_summary", "v_worker_status", "v_task_performance", "v_recent_failures"}
)


_GENERATED_KINDS = (2, 3)  # of PRAGMA table_xinfo: virtual, stored


class _Made(NamedTuple):
    """Something that stands on the older tables."""

    kind: str
    name: str
    sql: str


def is_older_layout(connection: Connection) -> bool:
    """Whether these are tables of the older layout."""
    present = {table: set(_columns(connection, table)) for table in _TABLES}
    return bool(present["task_queue"]) and all(not found or _MARKS[table] <= found for table, found in present.items())


def set_older_tables_aside(connection: Connection) -> list[_Made]:
    """Rename the tables; returns the indexes, triggers and views that a program made on them, to make them again."""
    made = [_Made(*row) for row in connection.rows(query("older_objects"))]
    for kind, name, _ in made:
        connection.run(f"DROP {kind.upper()} IF EXISTS {_quoted(name)}")
    connection.run("PRAGMA legacy_alter_table = ON")  # a rename must not rewrite what refers to the table
    for table in _present(connection):
        connection.run(f"ALTER TABLE {table} RENAME TO {_PREFIX}{table}")
    connection.run("PRAGMA legacy_alter_table = OFF")
    return [one for one in made if one.name not in _OWN_VIEWS]


def make_again(connection: Connection, made: list[_Made]) -> None:
    """Make what a program had on the older tables on the new ones, but for what these have by themselves."""
    ours = {name for name, _ in connection.rows(query("objects"))}
    for one in made:
        if one.name not in ours and not _is_key_index(one):
            connection.run(one.sql)


def _is_key_index(one: _Made) -> bool:
    """The older unique index of idempotency keys, under whatever name."""
    return (
        one.kind == "index"
        and re.search(r"UNIQUE.*\(\s*idempotency_key\s*\)", one.sql, re.DOTALL | re.IGNORECASE) is not None
    )


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
    connection.run(query("older_tallies"))
    for table in reversed(_TABLES):
        connection.run(f"DROP TABLE IF EXISTS {_PREFIX}{table}")


def _carried_columns(connection: Connection, table: str) -> list[str]:
    """The columns to copy; what the new table lacks is added to it, generated ones as such."""
    new = set(_columns(connection, table))
    carried = []
    for name, declaration, generated in _columns_with_types(connection, _PREFIX + table):
        if generated:
            _add_generated(connection, table, name)
            continue
        if name not in new:
            connection.run(f"ALTER TABLE {table} ADD COLUMN {_quoted(name)} {declaration}")
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
    """Name, declaration, and whether it is generated."""
    rows = connection.rows(f"PRAGMA table_xinfo({_quoted(table)})")
    return [(row[1], _declaration(*row[2:5]), row[6] in _GENERATED_KINDS) for row in rows]


def _declaration(type: str, not_null: int, default: str | None) -> str:
    return type + (" NOT NULL" if not_null else "") + ("" if default is None else f" DEFAULT ({default})")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
