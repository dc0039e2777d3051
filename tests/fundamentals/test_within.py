"""Enqueueing in the caller's own transaction, beside the application's own tables."""

import sqlite3
from pathlib import Path

import pytest

from musterq.queue.task_queue import TaskQueue


@pytest.fixture
def application(tmp_path: Path, queue: TaskQueue):
    """The application's own connection to the file that holds its table and the queue."""
    queue.database.initialize_schema()
    connection = sqlite3.connect(tmp_path / "queue.db", timeout=30)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    connection.commit()
    yield connection
    connection.close()


def test_the_task_is_there_when_the_transaction_commits(queue: TaskQueue, application: sqlite3.Connection):
    """The order and its invoice come together."""
    with application:
        application.execute("INSERT INTO orders VALUES (7)")
        handle = queue.enqueue("invoice", {"order": 7}, within=application)
        assert queue.get(handle.id) is None
    assert handle.status() == "queued"


def test_the_task_never_was_if_the_transaction_rolls_back(queue: TaskQueue, application: sqlite3.Connection):
    """No order, no invoice."""
    application.execute("INSERT INTO orders VALUES (7)")
    handle = queue.enqueue("invoice", {"order": 7}, within=application)
    application.rollback()
    assert queue.get(handle.id) is None


def test_definitions_and_batches_join_the_transaction_too(queue: TaskQueue, application: sqlite3.Connection):
    """By options, and by ``enqueue_many``."""

    @queue.task(type="invoice")
    def invoice(order: int) -> None: ...

    application.execute("INSERT INTO orders VALUES (7)")
    invoice.options(within=application).enqueue(7)
    queue.enqueue_many([{"type": "invoice", "payload": {"order": 8}}], within=application)
    assert queue.find() == []
    application.commit()
    assert len(queue.find()) == 2


def test_a_connection_that_is_in_no_transaction_is_refused(queue: TaskQueue, application: sqlite3.Connection):
    """Nobody would commit it."""
    with pytest.raises(ValueError, match="transaction"):
        queue.enqueue("invoice", within=application)


def test_in_immediate_mode_it_is_left_in_the_queue(queue: TaskQueue, application: sqlite3.Connection):
    """It is not there yet."""
    work = queue.task(type="work")(lambda: None)
    with queue.immediate(), application:
        application.execute("INSERT INTO orders VALUES (7)")
        handle = work.options(within=application).enqueue()
    assert handle.status() == "queued"
