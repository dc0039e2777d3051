"""Reading several things of one moment, whatever others write meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from musterq.errors import QueueDatabaseError
from musterq.storage.base import Storage
from tests.storage.making import put
from tests.worker.waiting import until


def queued(storage: Storage) -> int:
    return storage.metrics().depth_by_status.get("queued", 0)


def test_what_others_write_meanwhile_is_not_seen(storage: Storage, other: Storage):
    put(storage)

    def look() -> tuple[int, int, int]:
        before = queued(storage)
        put(other)
        put(other, "video")
        return before, queued(storage), len(storage.task_counts())

    assert storage.at_one_moment(look) == (1, 1, 1)
    assert queued(storage) == 3


def test_nor_what_the_same_thread_writes(storage: Storage):
    """It is written all the same."""

    def look() -> tuple[int, int]:
        before = queued(storage)
        put(storage)
        return before, queued(storage)

    assert storage.at_one_moment(look) == (0, 0)
    assert queued(storage) == 1


def test_other_threads_see_what_is_there(storage: Storage):
    """The moment is that of the thread that looks."""
    seen: list[int] = []

    def look() -> int:
        before = queued(storage)
        put(storage)
        thread = threading.Thread(target=lambda: seen.append(queued(storage)))
        thread.start()
        thread.join()
        return before

    assert storage.at_one_moment(look) == 0
    assert seen == [1]


def test_one_within_another_is_of_its_moment(storage: Storage, other: Storage):
    def look() -> tuple[int, int]:
        before = queued(storage)
        put(other)
        return before, storage.at_one_moment(lambda: queued(storage))

    assert storage.at_one_moment(look) == (0, 0)


def test_within_a_transaction_it_sees_what_that_wrote(storage: Storage):
    with storage.transaction():
        put(storage)
        assert storage.at_one_moment(lambda: queued(storage)) == 1


def test_an_exception_ends_it(storage: Storage):
    """And leaves by itself."""

    def look() -> None:
        queued(storage)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.at_one_moment(look)
    put(storage)
    assert queued(storage) == 1


def test_a_database_that_was_replaced_is_not_read_as_if_it_were_there(storage: Storage):
    """Whoever only reads would else see the old one for ever."""
    storage.at_one_moment(lambda: queued(storage))
    Path(storage.location).rename(f"{storage.location}.old")
    try:
        with pytest.raises(QueueDatabaseError, match="removed or replaced"):
            until(lambda: storage.at_one_moment(lambda: queued(storage)) < 0)
    finally:
        Path(f"{storage.location}.old").rename(storage.location)
