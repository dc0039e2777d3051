"""An application's own database becomes a queue only by initialize_schema(), and keeps what it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError, QueueSchemaError
from musterq.monitoring import QueueMonitoring
from tests.upgrade.older_layout import one, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with tables, marks and settings of an application's own."""
    path = tmp_path / "application.db"
    run(
        path,
        """
        PRAGMA page_size = 8192;
        PRAGMA user_version = 42;
        PRAGMA application_id = 4711;
        CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
        CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT);
        CREATE INDEX orders_by_note ON orders (note);
        INSERT INTO orders(note) VALUES ('first'), ('second');
        """,
    )
    return path


def application_objects(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name IN ('orders', 'jobs') ORDER BY name"
        ).fetchall()
        return [*found, *connection.execute("SELECT id, note FROM orders ORDER BY id").fetchall()]


@pytest.mark.parametrize(
    "use",
    [
        lambda database: QueueMonitoring(database).get_queue_metrics(),
        lambda database: QueueMonitoring(database).register_worker("worker-01"),
        lambda database: QueueMonitoring(database).remove_worker("worker-01"),
    ],
    ids=["metrics", "register", "remove"],
)
def test_mere_use_adds_no_tables(path: Path, use: object) -> None:
    """The first use says what to call, again and again, and the file is as it was, byte for byte."""
    before = path.read_bytes()
    with QueueDatabase(path) as database:
        for _ in range(2):
            with pytest.raises(QueueSchemaError, match="initialize_schema"):
                use(database)  # type: ignore[operator]
    assert path.read_bytes() == before


def test_initialising_adds_tables_and_keeps_its_own(path: Path) -> None:
    """Its tables, indexes, rows, and the marks by which it knows its file."""
    before = application_objects(path)
    with QueueDatabase(path) as database:
        database.initialize_schema()
        QueueMonitoring(database).register_worker("worker-01")
        assert QueueMonitoring(database).get_queue_metrics()["active_workers"] == 1
    assert application_objects(path) == before
    assert one(path, "PRAGMA user_version") == 42
    assert one(path, "PRAGMA application_id") == 4711
    assert one(path, "PRAGMA page_size") == 8192
    assert one(path, "PRAGMA auto_vacuum") == 0


def test_after_a_refusal_initialising_helps(path: Path) -> None:
    """The same objects that were refused before work from then on."""
    with QueueDatabase(path) as database:
        monitoring = QueueMonitoring(database)
        with pytest.raises(QueueSchemaError):
            monitoring.get_queue_metrics()
        database.initialize_schema()
        assert monitoring.get_queue_metrics()["total_workers"] == 0


@pytest.mark.parametrize("own", ["missing", "empty"])
def test_a_new_or_empty_file_needs_no_initialising(tmp_path: Path, own: str) -> None:
    """It can be nobody else's."""
    path = tmp_path / "queue.db"
    if own == "empty":
        path.touch()
    with QueueDatabase(path) as database:
        QueueMonitoring(database).register_worker("worker-01")
        assert QueueMonitoring(database).get_queue_metrics()["total_workers"] == 1


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE task_queue (name TEXT, done INTEGER)",
        "CREATE TABLE workers (id INTEGER PRIMARY KEY, surname TEXT); INSERT INTO workers VALUES (1, 'Lovelace')",
        "CREATE VIEW task_logs AS SELECT 1 AS one",
    ],
    ids=["task_queue", "workers", "task_logs"],
)
def test_tables_of_the_same_name_that_are_something_else_are_refused(path: Path, table: str) -> None:
    """An application may have workers of its own: nothing of it is touched, and the message names the table."""
    run(path, table)
    before = path.read_bytes()
    with QueueDatabase(path) as database, pytest.raises(QueueDatabaseError, match=r"task_queue|workers|task_logs"):
        database.initialize_schema()
    assert path.read_bytes() == before
