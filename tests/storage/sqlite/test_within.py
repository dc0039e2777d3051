"""An application and its queue in one file and one process: the application's own connections enqueue, too."""

from __future__ import annotations

import random
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.models import ClaimRequest, NewTask, Outcome, TaskFilter, TaskStatus
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite.soundness import check_soundness

APPLICATION_THREADS = 4
QUEUE_THREADS = 3
ORDERS_PER_THREAD = 120
OWN_TASKS_PER_THREAD = 120
APPLICATION_WAITS_SECONDS = 30.0  # less starves beside a busy queue


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "application.db"))
    storage.initialize_schema()
    storage.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, text TEXT)")
    yield storage
    check_soundness(storage.location)
    storage.close()


def dictionary(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def plain(connection: sqlite3.Connection) -> None:
    """As sqlite3 makes it."""


def rows(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row


def dictionaries(connection: sqlite3.Connection) -> None:
    connection.row_factory = dictionary


def byte_texts(connection: sqlite3.Connection) -> None:
    connection.text_factory = bytes


def manual(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None


def no_autocommit(connection: sqlite3.Connection) -> None:
    connection.autocommit = False  # type: ignore[attr-defined,unused-ignore]


SETTINGS: list[Callable[[sqlite3.Connection], None]] = [plain, rows, dictionaries, byte_texts, manual]
if sys.version_info >= (3, 12):
    SETTINGS.append(no_autocommit)


@pytest.fixture(params=SETTINGS, ids=lambda setting: setting.__name__)
def application(request: pytest.FixtureRequest, storage: SQLiteStorage) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(storage.location, timeout=APPLICATION_WAITS_SECONDS)
    request.param(connection)
    yield connection
    connection.close()


def begin(connection: sqlite3.Connection) -> None:
    """Where sqlite3 does not begin by itself."""
    if not connection.in_transaction:
        connection.execute("BEGIN")


def order(storage: SQLiteStorage, connection: sqlite3.Connection, number: int) -> int:
    """An order and its task."""
    connection.execute("INSERT INTO orders (id, text) VALUES (?, 'beaver')", (number,))
    return storage.enqueue([NewTask(type="order", payload=str(number))], within=connection)[0].id


def test_a_commit_keeps_both(storage: SQLiteStorage, application: sqlite3.Connection) -> None:
    """Whatever the connection's settings, which stay as they were."""
    before = (application.row_factory, application.text_factory, application.isolation_level)
    begin(application)
    task_id = order(storage, application, 1)
    assert application.in_transaction
    assert storage.get(task_id) is None
    application.commit()
    assert (application.row_factory, application.text_factory, application.isolation_level) == before
    task = storage.get(task_id)
    assert task is not None
    assert (task.type, task.payload, task.status) == ("order", "1", "queued")


def test_a_rollback_keeps_neither(storage: SQLiteStorage, application: sqlite3.Connection) -> None:
    """And the next task, of a lane that was rolled back with the first, is as any other."""
    begin(application)
    order(storage, application, 1)
    application.rollback()
    assert storage.find(TaskFilter()) == []
    begin(application)
    order(storage, application, 2)
    application.commit()
    assert [task.payload for task in storage.find(TaskFilter())] == ["2"]
    assert len(storage.claim(ClaimRequest(worker_id="w"))) == 1


def test_keys_and_batches(storage: SQLiteStorage, application: sqlite3.Connection) -> None:
    """A key that the same transaction has written gives its task; a batch goes in whole."""
    begin(application)
    keyed = NewTask(type="order", payload="1", idempotency_key="k")
    first = storage.enqueue([keyed, keyed, NewTask(type="order", payload="2")], within=application)
    again = storage.enqueue([keyed], within=application)
    application.commit()
    assert [made.created for made in first + again] == [True, False, True, False]
    assert again[0].id == first[0].id == first[1].id
    assert len(storage.find(TaskFilter())) == 2


def test_a_refused_task_leaves_the_transaction_as_it_was(
    storage: SQLiteStorage, application: sqlite3.Connection
) -> None:
    """The program may go on, and commit what it has written itself."""
    begin(application)
    application.execute("INSERT INTO orders (id) VALUES (1)")
    with pytest.raises(OverflowError):
        storage.enqueue(
            [NewTask(type="a", payload="1"), NewTask(type="a", payload="1", priority=2**70)], within=application
        )
    application.commit()
    assert storage.find(TaskFilter()) == []
    assert storage.execute("SELECT count(*) FROM orders").fetchone()[0] == 1


def test_an_application_and_its_queue_at_full_speed(storage: SQLiteStorage) -> None:
    """Commits and rollbacks by chance, beside the queue's own threads: a task for each order that is there."""
    enqueued = threading.Semaphore(0)
    total = QUEUE_THREADS * OWN_TASKS_PER_THREAD
    done: list[str] = []
    applications_done = threading.Event()

    def take_orders(number: int) -> int:
        chance = random.Random(number)
        connection = sqlite3.connect(storage.location, timeout=APPLICATION_WAITS_SECONDS, isolation_level=None)
        SETTINGS[number % 4](connection)
        kept = 0
        for n in range(ORDERS_PER_THREAD):
            connection.execute("BEGIN IMMEDIATE")
            for part in range(chance.randrange(1, 4)):
                order(storage, connection, (number * ORDERS_PER_THREAD + n) * 10 + part)
            commit = chance.random() < 0.6
            connection.execute("COMMIT" if commit else "ROLLBACK")
            kept += commit
        connection.close()
        return kept

    def enqueue(number: int) -> None:
        for n in range(OWN_TASKS_PER_THREAD):
            storage.enqueue([NewTask(type="own", payload=f'"{number}-{n}"')])
            enqueued.release()

    def work(number: int) -> None:
        idle = False
        while not (idle and applications_done.is_set()):
            claims = storage.claim(ClaimRequest(worker_id=f"w{number}", limit=5))
            idle = not claims
            assert all(storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims]))
            done.extend(f"{claim.type} {claim.payload}" for claim in claims)

    with ThreadPoolExecutor(APPLICATION_THREADS + 2 * QUEUE_THREADS) as pool:
        applications = [pool.submit(take_orders, number) for number in range(APPLICATION_THREADS)]
        producers = [pool.submit(enqueue, number) for number in range(QUEUE_THREADS)]
        workers = [pool.submit(work, number) for number in range(QUEUE_THREADS)]
        kept = [future.result() for future in applications]
        for future in producers:
            future.result()
        applications_done.set()
        for future in workers:
            future.result()
    assert all(0 < n < ORDERS_PER_THREAD for n in kept)
    orders = [f"order {row[0]}" for row in storage.execute("SELECT id FROM orders").fetchall()]
    assert sorted(text for text in done if text.startswith("order")) == sorted(orders)
    assert len(done) == len(set(done)) == len(orders) + total
    assert storage.metrics().depth_by_status == {"completed": len(done)}


def test_a_connection_of_another_library(storage: SQLiteStorage) -> None:
    """A second SQLite in the process spoils the file, so it is refused by its type."""
    with pytest.raises(TypeError, match=r"sqlite3\.Connection"):
        storage.enqueue([NewTask(type="a", payload="1")], within=apsw.Connection(":memory:"))
    assert storage.find(TaskFilter()) == []


def test_a_connection_to_another_file(storage: SQLiteStorage, tmp_path: Path) -> None:
    """The task would be in the wrong place."""
    for path in (str(tmp_path / "other.db"), ":memory:", ""):
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE orders (id)")
        other.execute("INSERT INTO orders VALUES (1)")
        assert other.in_transaction
        with pytest.raises(ValueError, match="another file"):
            storage.enqueue([NewTask(type="a", payload="1")], within=other)
        other.commit()
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
        other.close()


def test_a_connection_without_a_transaction(storage: SQLiteStorage, application: sqlite3.Connection) -> None:
    """Nobody would commit it; only where every statement is in a transaction it always has one."""
    if application.in_transaction:
        application.rollback()
    if application.in_transaction:
        pytest.skip("this connection is always in a transaction")
    with pytest.raises(ValueError, match="transaction"):
        storage.enqueue([NewTask(type="a", payload="1")], within=application)
    assert storage.find(TaskFilter()) == []


def test_a_closed_connection(storage: SQLiteStorage) -> None:
    """It is said to be closed."""
    connection = sqlite3.connect(storage.location)
    connection.close()
    with pytest.raises((ValueError, QueueDatabaseError), match="closed"):
        storage.enqueue([NewTask(type="a", payload="1")], within=connection)
    assert storage.find(TaskFilter()) == []


def test_an_attached_file_is_not_enough(storage: SQLiteStorage, tmp_path: Path) -> None:
    """The queue's tables must be the connection's main ones."""
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("ATTACH ? AS queue", (storage.location,))
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(ValueError, match="another file"):
        storage.enqueue([NewTask(type="a", payload="1")], within=connection)
    connection.close()
    assert storage.find(TaskFilter()) == []


def test_a_transaction_that_read_before_another_commit_is_told_so(storage: SQLiteStorage) -> None:
    """Nobody holds the lock: waiting would not help, beginning otherwise does."""
    connection = sqlite3.connect(storage.location, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM task_queue").fetchone()
    storage.enqueue([NewTask(type="mail", payload="{}")])
    with pytest.raises(QueueBusyError, match="BEGIN IMMEDIATE"):
        storage.enqueue([NewTask(type="mail", payload="{}")], within=connection)
    connection.execute("ROLLBACK")
    connection.close()
