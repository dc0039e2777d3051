"""A program's own queue is put on a database of the test's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musterq import AsyncTaskQueue, QueueDatabase, QueueDatabaseError, TaskQueue
from musterq.testing import FrozenClock, enqueued, isolated


def test_the_programs_own_database_is_never_made(shop: SimpleNamespace):
    """Its handlers and definitions do what they do there."""
    with isolated(shop.queue) as database:
        handle = shop.mail.enqueue("ann")
        shop.queue.drain()
        assert handle.wait() == "sent to ann"
        assert shop.queue.database is database
        assert Path(database.location).exists()
    assert not Path(database.location).exists()
    assert not Path(shop.queue.database.location).exists()


def test_each_block_begins_empty(shop: SimpleNamespace):
    """Nothing of one test is seen in the next."""
    for _ in range(2):
        with isolated(shop.queue):
            assert enqueued(shop.queue) == []
            shop.mail.enqueue("ann")


def test_afterwards_it_is_as_it_was(tmp_path: Path):
    """With what it held, also when the block raises."""
    with TaskQueue(tmp_path / "own.db") as queue:
        own = queue.enqueue("mail")
        with pytest.raises(RuntimeError, match="in the test"):
            enqueue_and_fail(queue)
        assert [task.id for task in queue.find()] == [own.id]


def test_a_queue_that_the_program_closes_is_closed_for_the_block_alone(shop: SimpleNamespace):
    """As at the end of a program's main function."""
    with isolated(shop.queue):
        shop.queue.close()
        with pytest.raises(QueueDatabaseError, match="closed"):
            shop.mail.enqueue("ann")
    with isolated(shop.queue):
        shop.mail.enqueue("ann")


def test_it_goes_by_the_clock_of_the_test(shop: SimpleNamespace, frozen: FrozenClock):
    """Delays count from what that says."""
    with isolated(shop.queue, clock=frozen):
        shop.mail.options(delay=60).enqueue("ann")
        assert shop.queue.drain() == 0
        frozen.advance(60)
        assert shop.queue.drain() == 1


def enqueue_and_fail(queue: TaskQueue) -> None:
    with isolated(queue):
        queue.enqueue("report")
        raise RuntimeError("in the test")


async def waited_for(queue: AsyncTaskQueue) -> Any:
    handle = await queue.enqueue("twice", {"number": 21})
    await queue.drain()
    return await handle.wait()


def test_a_queue_for_coroutines_is_bound_as_well(tmp_path: Path):
    """What waits for tasks looks at the test's database, too."""
    import asyncio

    queue = AsyncTaskQueue(tmp_path / "own.db")
    queue.task(type="twice")(lambda number: 2 * number)
    with isolated(queue):
        assert asyncio.run(waited_for(queue)) == 42
    assert not (tmp_path / "own.db").exists()


def test_what_is_no_queue_is_refused():
    """With what to give instead."""
    with pytest.raises(TypeError, match="give a TaskQueue"), isolated("shop.db"):  # type: ignore[arg-type]
        pass


def test_a_queue_is_bound_to_a_database_only(shop: SimpleNamespace, tmp_path: Path):
    """Whose it stays to close."""
    with pytest.raises(TypeError, match="QueueDatabase, not str"), shop.queue.bound_to("shop.db"):
        pass
    with QueueDatabase(tmp_path / "test.db") as database:
        with shop.queue.bound_to(database) as bound:
            assert bound is shop.queue
            bound.enqueue("mail", {"to": "ann"})
        assert database.execute("SELECT count(*) FROM task_queue").fetchone()[0] == 1
