"""Plain SQL through a QueueDatabase."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.monitoring import QueueMonitoring


@pytest.fixture
def database(tmp_path: Path) -> Iterator[QueueDatabase]:
    with QueueDatabase(tmp_path / "queue.db") as database:
        database.initialize_schema()
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
        yield database


def texts(database: QueueDatabase) -> list[str]:
    return [row["text"] for row in database.execute("SELECT text FROM notes ORDER BY id").fetchall()]


def test_rows_are_read_by_name_and_by_position(database: QueueDatabase) -> None:
    """From execute, and from the connection itself."""
    database.execute("INSERT INTO notes(text) VALUES ('a')")
    for cursor in (
        database.execute("SELECT id, text FROM notes"),
        database.get_connection().execute("SELECT id, text FROM notes"),
    ):
        row = cursor.fetchone()
        assert (row["id"], row["text"]) == (row[0], row[1]) == (1, "a")
        assert dict(row) == {"id": 1, "text": "a"}
        assert list(row.keys()) == ["id", "text"]
        assert cursor.fetchone() is None


def test_values_go_by_position_and_by_name(database: QueueDatabase) -> None:
    """As sqlite3 takes them, also as the keyword that older programs use."""
    database.execute("INSERT INTO notes(text) VALUES (?)", ("tuple",))
    database.execute("INSERT INTO notes(text) VALUES (?)", ["list"])
    database.execute("INSERT INTO notes(text) VALUES (:text)", {"text": "named"})
    database.execute("INSERT INTO notes(text) VALUES (?)", params=("keyword",))
    assert texts(database) == ["tuple", "list", "named", "keyword"]


def test_results_tell_what_changed(database: QueueDatabase) -> None:
    """How many rows, and the id of the last new one."""
    assert database.execute("INSERT INTO notes(text) VALUES ('a')").lastrowid == 1
    assert database.execute("INSERT INTO notes(text) VALUES ('b')").lastrowid == 2
    assert database.execute("UPDATE notes SET text = text || '!'").rowcount == 2
    assert database.execute("DELETE FROM notes WHERE id = 99").rowcount == 0


def test_a_statement_is_committed_at_once(database: QueueDatabase) -> None:
    """Another connection sees it."""
    database.execute("INSERT INTO notes(text) VALUES ('a')")
    other = sqlite3.connect(database.location)
    assert other.execute("SELECT text FROM notes").fetchall() == [("a",)]
    other.close()


def test_a_returning_clause_returns(database: QueueDatabase) -> None:
    """And what it wrote is committed once its rows are read."""
    cursor = database.execute("INSERT INTO notes(text) VALUES ('a') RETURNING id, text")
    assert tuple(cursor.fetchone()) == (1, "a")
    other = sqlite3.connect(database.location)
    assert other.execute("SELECT text FROM notes").fetchall() == [("a",)]
    other.close()


def test_many_are_one_transaction(database: QueueDatabase) -> None:
    """All of them, or none if one is refused; any iterable of rows."""
    assert database.execute_many("INSERT INTO notes(text) VALUES (?)", ((str(n),) for n in range(100))).rowcount == 100
    with pytest.raises(QueueDatabaseError, match="UNIQUE"):
        database.execute_many("INSERT INTO notes(text) VALUES (?)", [("new",), ("1",)])
    assert texts(database) == [str(n) for n in range(100)]


def test_a_transaction_commits_at_its_end(database: QueueDatabase) -> None:
    """Not before."""
    other = sqlite3.connect(database.location)
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO notes(text) VALUES ('a')")
        assert other.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    assert other.execute("SELECT count(*) FROM notes").fetchone() == (1,)
    other.close()


def write_and_fail(database: QueueDatabase) -> None:
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO notes(text) VALUES ('a')")
        raise ZeroDivisionError


def test_an_exception_rolls_a_transaction_back(database: QueueDatabase) -> None:
    """And leaves as it is."""
    with pytest.raises(ZeroDivisionError):
        write_and_fail(database)
    assert texts(database) == []
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO notes(text) VALUES ('b')")
    assert texts(database) == ["b"]


def test_a_nested_transaction_is_a_savepoint(database: QueueDatabase) -> None:
    """Rolled back alone, or together with the outer one."""
    with database.transaction() as outer:
        outer.execute("INSERT INTO notes(text) VALUES ('outer')")
        with suppress(ZeroDivisionError), database.transaction() as inner:
            inner.execute("INSERT INTO notes(text) VALUES ('dropped')")
            raise ZeroDivisionError
        with database.transaction() as inner:
            inner.execute("INSERT INTO notes(text) VALUES ('kept')")
    assert texts(database) == ["outer", "kept"]
    with suppress(ZeroDivisionError), database.transaction():
        with database.transaction() as inner:
            inner.execute("INSERT INTO notes(text) VALUES ('inner')")
        raise ZeroDivisionError
    assert texts(database) == ["outer", "kept"]


def test_what_the_thread_does_meanwhile_belongs_to_its_transaction(database: QueueDatabase) -> None:
    """Its execute, and the verbs of the queue."""
    monitoring = QueueMonitoring(database)
    with suppress(ZeroDivisionError), database.transaction():
        database.execute("INSERT INTO notes(text) VALUES ('a')")
        monitoring.register_worker("worker-01")
        assert texts(database) == ["a"]
        assert monitoring.get_worker("worker-01") is not None
        raise ZeroDivisionError
    assert texts(database) == []
    assert monitoring.get_worker("worker-01") is None


def test_what_other_threads_do_meanwhile_does_not(database: QueueDatabase) -> None:
    """They wait for the lock and write on their own."""
    monitoring = QueueMonitoring(database)
    thread = threading.Thread(target=monitoring.register_worker, args=("worker-01",))
    with suppress(ZeroDivisionError), database.transaction():
        database.execute("INSERT INTO notes(text) VALUES ('a')")
        thread.start()
        raise ZeroDivisionError
    thread.join()
    assert texts(database) == []
    assert monitoring.get_worker("worker-01") is not None


def test_a_transaction_holds_the_write_lock_from_its_start(tmp_path: Path, database: QueueDatabase) -> None:
    """IMMEDIATE: another writer that will not wait is told so, although nothing was written yet."""
    with (
        QueueDatabase(database.location, busy_timeout=0.01) as impatient,
        database.transaction(),
        pytest.raises(QueueBusyError),
    ):
        impatient.execute("INSERT INTO notes(text) VALUES ('b')")


def test_the_connection_is_a_sqlite3_connection_of_this_thread(database: QueueDatabase) -> None:
    """The same one for a thread, another for another thread."""
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(database.get_connection()))
    thread.start()
    thread.join()
    assert isinstance(database.get_connection(), sqlite3.Connection)
    assert database.get_connection() is database.get_connection()
    assert seen[0] is not database.get_connection()


@pytest.mark.parametrize(
    "sql",
    ["SELEKT 1", "SELECT * FROM nowhere", "INSERT INTO notes VALUES (1, 2, 3)", "INSERT INTO notes(text) VALUES (?)"],
)
def test_a_statement_that_is_refused_is_a_database_error(database: QueueDatabase, sql: str) -> None:
    """The driver's own error is its cause, outside of a transaction and within."""
    with pytest.raises(QueueDatabaseError) as caught:
        database.execute(sql)
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    with pytest.raises(QueueDatabaseError), database.transaction():
        database.execute(sql)


def test_a_constraint_that_is_broken_leaves_everything_usable(database: QueueDatabase) -> None:
    """The next statement works."""
    database.execute("INSERT INTO notes(text) VALUES ('a')")
    with pytest.raises(QueueDatabaseError, match="UNIQUE"):
        database.execute("INSERT INTO notes(text) VALUES ('a')")
    database.execute("INSERT INTO notes(text) VALUES ('b')")
    assert texts(database) == ["a", "b"]


@pytest.mark.parametrize(
    "use",
    [
        lambda database: database.execute("SELECT 1"),
        lambda database: database.execute_many("SELECT ?", [(1,)]),
        lambda database: database.transaction().__enter__(),
        lambda database: database.get_connection(),
        lambda database: database.initialize_schema(),
    ],
    ids=["execute", "execute_many", "transaction", "get_connection", "initialize_schema"],
)
def test_what_is_closed_is_closed(database: QueueDatabase, use: object) -> None:
    """Each use says so; closing twice does not."""
    database.close()
    database.close()
    with pytest.raises(QueueDatabaseError, match="closed"):
        use(database)  # type: ignore[operator]


def test_a_block_closes_it(tmp_path: Path) -> None:
    """The context manager gives the database itself, and closes it on the way out, whatever happened."""
    with suppress(ZeroDivisionError), QueueDatabase(tmp_path / "queue.db") as database:
        database.initialize_schema()
        raise ZeroDivisionError
    with pytest.raises(QueueDatabaseError, match="closed"):
        database.execute("SELECT 1")


def test_full_durability_is_what_it_says(tmp_path: Path) -> None:
    """Every writing connection syncs each commit; otherwise none needs to."""
    for durability, level in (("normal", 1), ("full", 2)):
        with QueueDatabase(tmp_path / f"{durability}.db", durability=durability) as database:  # type: ignore[arg-type]
            database.initialize_schema()
            with database.transaction() as transaction:
                assert transaction.execute("PRAGMA synchronous").fetchone()[0] == level


def test_a_raw_connection_waits_for_the_write_lock(database: QueueDatabase) -> None:
    """What a program runs on its own connection does not fail at once because somebody else is writing."""
    mine = database.get_connection()
    other = sqlite3.connect(database.location, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    committing = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    committing.start()
    mine.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
    committing.join()
    other.close()
    assert database.execute("SELECT count(*) FROM task_queue").fetchone()[0] == 1
