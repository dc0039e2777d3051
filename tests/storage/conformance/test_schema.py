"""Creating the tables: any number of times, by anybody, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from musterq.errors import QueueSchemaError
from musterq.storage.base import Storage
from tests.storage.conformance.test_threads import at_once
from tests.storage.engines import Engine
from tests.storage.making import put, status
from tests.support import MovableClock


def test_initializing_again_changes_nothing(storage: Storage, other: Storage):
    task_id = put(storage)
    storage.initialize_schema()
    other.initialize_schema()
    assert status(other, task_id) == "queued"


def test_many_may_initialize_at_once(engine: Engine, tmp_path: Path, clock: MovableClock):
    """Each through a storage of its own, as processes do."""
    storages = [engine.open(tmp_path, clock) for _ in range(8)]

    def begin(n: int) -> int:
        storages[n].initialize_schema()
        return put(storages[n])

    assert len(set(at_once(begin))) == 8
    assert sum(storages[0].task_counts().values()) == 8
    for storage in storages:
        storage.close()


def test_a_checked_schema_can_be_checked_again(storage: Storage):
    storage.ensure_schema()
    storage.ensure_schema()
    assert storage.task_counts() == {}


def test_an_applications_database_is_left_alone_until_asked(engine: Engine, tmp_path: Path, clock: MovableClock):
    """The error says what to call; then both live in one database."""
    storage = engine.open(tmp_path, clock)
    application = engine.plain_sql(storage)
    application.execute("CREATE TABLE customers (name TEXT)")
    application.execute("INSERT INTO customers VALUES ('Ann')")
    with pytest.raises(QueueSchemaError, match="initialize_schema"):
        put(storage)
    storage.initialize_schema()
    put(storage)
    assert application.execute("SELECT name FROM customers")[0][0] == "Ann"
    application.close()
    storage.close()


def test_a_place_without_tables_says_where_it_is(storage: Storage, tmp_path: Path):
    assert str(tmp_path) in storage.location
