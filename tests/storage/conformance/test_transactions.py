"""Transactions of the program's own: plain SQL and verbs together, all of it or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.storage.base import Storage
from tests.storage.engines import Engine
from tests.storage.making import end, put, status, take, take_one, taken
from tests.support import MovableClock


def test_a_transaction_is_written_at_its_end(storage: Storage, other: Storage):
    with storage.transaction() as connection:
        connection.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
        assert other.task_counts() == {}
    assert sum(other.task_counts().values()) == 1


def change_mind(storage: Storage) -> None:
    with storage.transaction():
        put(storage)
        raise ChangedMindError


def test_the_error_comes_out_as_it_was_raised(storage: Storage):
    with pytest.raises(ChangedMindError):
        change_mind(storage)
    assert storage.task_counts() == {}


class ChangedMindError(Exception):
    """Ends a transaction with an error."""


@contextmanager
def undone(storage: Storage) -> Iterator[Any]:
    """A transaction that ends with an error."""
    with suppress(ChangedMindError), storage.transaction() as connection:
        yield connection
        raise ChangedMindError


def test_an_error_takes_all_of_it_back(storage: Storage):
    with undone(storage) as connection:
        connection.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
        put(storage)
    assert storage.task_counts() == {}


def test_verbs_join_the_transaction_of_their_thread(storage: Storage, other: Storage):
    """They see what it wrote, and are undone with it."""
    task_id = put(storage)
    with undone(storage):
        end(storage, take_one(storage))
        assert status(storage, task_id) == "completed"
        assert status(other, task_id) == "queued"
        assert sum(n for (_, s), n in storage.task_counts().items() if s == "completed") == 1
    assert status(storage, task_id) == "queued"


def test_a_claim_that_was_rolled_back_does_not_hold(storage: Storage):
    put(storage)
    with undone(storage):
        lost = take_one(storage)
    assert not end(storage, lost)
    assert take_one(storage).attempts == 1


def test_nested_transactions_are_savepoints(storage: Storage):
    """The inner one can be undone alone."""
    with storage.transaction():
        outer = put(storage)
        with undone(storage):
            put(storage, "inner")
        last = put(storage)
    assert taken(take(storage, limit=5)) == [outer, last]


def test_the_outer_one_undoes_the_inner_one_too(storage: Storage):
    with undone(storage), storage.transaction():
        put(storage)
    assert storage.task_counts() == {}


def test_a_type_that_was_rolled_back_can_come_again(storage: Storage, other: Storage):
    """What was remembered of it must not lead the next one into somebody else's lane."""
    with undone(storage):
        put(storage, "phantom")
    put(other, "somebody-elses")
    task_id = put(storage, "phantom")
    assert take_one(storage, types=frozenset(["phantom"])).task_id == task_id
    assert take_one(storage, types=frozenset(["somebody-elses"])).type == "somebody-elses"


def test_other_threads_are_not_in_it(storage: Storage):
    """They see what is committed, and may read meanwhile."""
    seen = []
    with storage.transaction():
        put(storage)
        thread = threading.Thread(target=lambda: seen.append(storage.task_counts()))
        thread.start()
        thread.join()
    assert seen == [{}]


def test_a_failed_statement_leaves_the_transaction_usable(storage: Storage):
    put(storage, idempotency_key="k")
    with storage.transaction():
        with pytest.raises(QueueDatabaseError), storage.transaction() as connection:
            connection.execute("INSERT INTO task_queue (type, payload, idempotency_key) VALUES ('a', '1', 'k')")
        task_id = put(storage, "after")
    assert status(storage, task_id) == "queued"


def test_execute_reads_and_writes(storage: Storage):
    written = storage.execute("INSERT INTO task_queue (type, payload) VALUES (?, ?)", ("mail", "{}"))
    assert written.rowcount == 1
    row = storage.execute("SELECT id, type FROM task_queue").fetchone()
    assert (row["type"], row[1]) == ("mail", "mail")


def test_execute_many_is_all_or_none(storage: Storage):
    rows = [("a", "1", "x"), ("b", "2", "y"), ("c", "3", "x")]
    with pytest.raises(QueueDatabaseError):
        storage.execute_many("INSERT INTO task_queue (type, payload, idempotency_key) VALUES (?, ?, ?)", rows)
    assert storage.task_counts() == {}
    storage.execute_many("INSERT INTO task_queue (type, payload, idempotency_key) VALUES (?, ?, ?)", rows[:2])
    assert storage.types() == ["a", "b"]


def test_a_fault_is_a_database_error_with_its_cause(storage: Storage):
    with pytest.raises(QueueDatabaseError) as raised:
        storage.execute("SELECT * FROM no_such_table")
    assert raised.value.__cause__ is not None


def test_a_closed_storage_says_so(engine: Engine, tmp_path: Path, clock: MovableClock):
    storage = engine.open(tmp_path, clock)
    storage.initialize_schema()
    put(storage)
    storage.close()
    for verb in (storage.task_counts, lambda: put(storage), lambda: storage.execute("SELECT 1"), storage.metrics):
        with pytest.raises(QueueDatabaseError, match="closed"):
            verb()
    storage.close()
