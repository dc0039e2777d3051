"""Tasks in the caller's own transaction: an application's `sqlite3` connection writes its rows and its tasks together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.models import Enqueued, NewTask
from musterq.storage.base import Storage
from tests.storage.making import put, take, take_one, taken

MAIL = NewTask(type="mail", payload="{}")


@pytest.fixture
def application(storage: Storage) -> Iterator[sqlite3.Connection]:
    """With the driver's own defaults: it begins transactions by itself."""
    connection = sqlite3.connect(storage.location, timeout=30)
    connection.execute("CREATE TABLE orders (name TEXT)")
    yield connection
    connection.close()


def begin(application: sqlite3.Connection) -> None:
    application.execute("INSERT INTO orders VALUES ('one')")
    assert application.in_transaction


def test_a_commit_writes_both(storage: Storage, application: sqlite3.Connection):
    begin(application)
    (made,) = storage.enqueue([MAIL], within=application)
    assert (made.created, storage.task_counts()) == (True, {})
    application.commit()
    assert taken(take(storage)) == [made.id]


def test_a_rollback_takes_both_back(storage: Storage, application: sqlite3.Connection):
    begin(application)
    storage.enqueue([MAIL, MAIL], within=application)
    application.rollback()
    assert storage.task_counts() == {}
    assert application.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_a_new_type_that_was_rolled_back_can_come_again(storage: Storage, application: sqlite3.Connection):
    begin(application)
    storage.enqueue([NewTask(type="phantom", payload="{}")], within=application)
    application.rollback()
    put(storage, "another")
    task_id = put(storage, "phantom")
    assert take_one(storage, types=frozenset(["phantom"])).task_id == task_id


def test_keys_count_in_it(storage: Storage, application: sqlite3.Connection):
    known = put(storage, idempotency_key="k")
    begin(application)
    made = storage.enqueue([NewTask(type="mail", payload="{}", idempotency_key="k")], within=application)
    assert made == [Enqueued(known, created=False)]
    application.commit()


def test_a_task_that_cannot_be_written_leaves_the_transaction_usable(storage: Storage, application: sqlite3.Connection):
    begin(application)
    with pytest.raises(OverflowError):
        storage.enqueue([MAIL, NewTask(type="mail", payload="{}", priority=2**70)], within=application)
    storage.enqueue([MAIL], within=application)
    application.commit()
    assert sum(storage.task_counts().values()) == 1
    assert application.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_the_connections_own_settings_do_not_matter(storage: Storage, application: sqlite3.Connection):
    """Rows of a form of its own, texts as bytes, recursive triggers."""
    application.row_factory = lambda _cursor, row: {"row": row}
    application.text_factory = bytes
    application.execute("PRAGMA recursive_triggers = ON")
    begin(application)
    keyed = NewTask(type="keyed", payload="{}", idempotency_key="k")
    made = storage.enqueue([MAIL, keyed, keyed, MAIL], within=application)
    application.commit()
    assert [task.created for task in made] == [True, True, False, True]
    assert len(take(storage, limit=10)) == 3


def test_an_open_savepoint_is_a_transaction(storage: Storage, application: sqlite3.Connection):
    application.isolation_level = None
    application.execute("SAVEPOINT of_the_application")
    storage.enqueue([MAIL], within=application)
    application.execute("ROLLBACK TO of_the_application")
    application.execute("RELEASE of_the_application")
    assert storage.task_counts() == {}


def test_a_connection_without_a_transaction_is_refused(storage: Storage, application: sqlite3.Connection):
    with pytest.raises(ValueError, match="transaction"):
        storage.enqueue([MAIL], within=application)
    assert storage.task_counts() == {}


def test_a_connection_to_another_file_is_refused(storage: Storage, tmp_path: Path):
    stranger = sqlite3.connect(tmp_path / "another.db")
    stranger.execute("CREATE TABLE orders (name TEXT)")
    stranger.execute("BEGIN")
    with pytest.raises(ValueError, match="another file"):
        storage.enqueue([MAIL], within=stranger)
    stranger.close()


@pytest.mark.parametrize("stranger", [object(), "queue.db", 1])
def test_what_is_no_connection_is_refused(storage: Storage, stranger: object):
    with pytest.raises(TypeError, match="sqlite3"):
        storage.enqueue([MAIL], within=stranger)
