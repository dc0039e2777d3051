"""Creating and upgrading the tables, in one transaction that may be interrupted anywhere."""

from __future__ import annotations

import re
import shlex
from enum import Enum, auto

from musterq.errors import QueueSchemaError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.older import copy_older_rows, is_older_layout, make_again, set_older_tables_aside
from musterq.storage.sqlite.queries import migrations, query


class SchemaState(Enum):
    """What a database file holds."""

    EMPTY = auto()
    FOREIGN = auto()  # tables of an application, none of ours
    OLDER_LAYOUT = auto()
    OLDER_VERSION = auto()
    CURRENT = auto()
    NEWER = auto()


def state_of(connection: Connection, location: str) -> SchemaState:
    """Read what is there.

    Raises:
        QueueSchemaError: an application has tables or views under names that ours need.
    """
    objects = dict(connection.rows(query("objects")))
    if objects.get("musterq_meta") == "table" and "counters" in objects:
        row = connection.row(query("schema_version"))
        version = row[0] if row is not None else 0
        if version == latest():
            return SchemaState.CURRENT
        return SchemaState.NEWER if version > latest() else SchemaState.OLDER_VERSION
    if is_older_layout(connection):
        return SchemaState.OLDER_LAYOUT
    if clashes := _clashes(objects):
        raise QueueSchemaError(
            f"{location} has tables or views of another program under names that musterq needs: {', '.join(clashes)}; "
            "give the queue a file of its own"
        )
    return SchemaState.FOREIGN if objects else SchemaState.EMPTY


_CREATES = re.compile(r"^CREATE (?:UNIQUE )?(?:TABLE|VIEW|INDEX|TRIGGER) (\w+)", re.MULTILINE)


def _clashes(objects: dict[str, str]) -> list[str]:
    """The names in a database without our tables that ours would need."""
    ours = {name for _, script in migrations() for name in _CREATES.findall(script)}
    return sorted(ours & objects.keys())


def latest() -> int:
    """The version that this musterq works with."""
    return migrations()[-1][0]


def check_current(state: SchemaState, location: str) -> None:
    """Refuse what cannot be worked with as it is.

    Raises:
        QueueSchemaError: the message says what to run.
    """
    if state is SchemaState.CURRENT:
        return
    reason = {
        SchemaState.EMPTY: "has no tables yet",
        SchemaState.FOREIGN: "is an application's database without musterq's tables",
        SchemaState.OLDER_LAYOUT: "has tables of an older layout",
        SchemaState.OLDER_VERSION: "has the tables of an older musterq",
        SchemaState.NEWER: "has the tables of a newer musterq",
    }[state]
    remedy = (
        "update musterq"
        if state is SchemaState.NEWER
        else "call initialize_schema(), which keeps what is in it, or run "
        f"`musterq init --database {shlex.quote(location)}`"
    )
    raise QueueSchemaError(f"{location} {reason}; {remedy}")


def upgrade(connection: Connection, location: str) -> None:
    """Bring the tables to the latest version, in the transaction that is open; does nothing where they are."""
    state = state_of(connection, location)
    if state is SchemaState.CURRENT:
        return
    if state is SchemaState.NEWER:
        check_current(state, location)
    older = set_older_tables_aside(connection) if state is SchemaState.OLDER_LAYOUT else None
    row = connection.row(query("schema_version")) if state is SchemaState.OLDER_VERSION else None
    present = 0 if row is None else row[0]
    for version, script in migrations():
        if version > present:
            connection.script(script)
    if older is not None:
        copy_older_rows(connection)
        make_again(connection, older)
    connection.run(query("set_schema_version"), (latest(),))
