"""Fixtures for pytest, which finds them where musterq is installed. Nothing is imported before one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from musterq import QueueDatabase, TaskQueue
    from musterq.testing import FrozenClock
    from musterq.testing.isolation import AnyQueue

Queue = TypeVar("Queue", bound="AnyQueue")


@pytest.fixture
def musterq_clock() -> FrozenClock:
    """The clock of `musterq_database`: it stands still until the test moves it."""
    from musterq.testing import FrozenClock

    return FrozenClock()


@pytest.fixture
def musterq_database(tmp_path: Path, musterq_clock: FrozenClock) -> Iterator[QueueDatabase]:
    """A database of the test's own, initialised."""
    from musterq import QueueDatabase

    with QueueDatabase(tmp_path / "musterq-test.db", clock=musterq_clock) as database:
        database.initialize_schema()
        yield database


@pytest.fixture
def musterq_queue(musterq_database: QueueDatabase) -> TaskQueue:
    """An empty queue in `musterq_database`. A project may replace it: `return musterq_bind(shop.queue)`."""
    from musterq import TaskQueue

    return TaskQueue(musterq_database)


@pytest.fixture
def musterq_bind(musterq_database: QueueDatabase) -> Iterator[Callable[[Queue], Queue]]:
    """Puts a program's own queue on `musterq_database` until the test ends, and returns it."""
    from musterq.testing.isolation import inner

    with ExitStack() as bound:

        def bind(queue: Queue) -> Queue:
            bound.enter_context(inner(queue).bound_to(musterq_database))
            return queue

        yield bind


@pytest.fixture
def musterq_immediate(musterq_queue: AnyQueue) -> Iterator[AnyQueue]:
    """`musterq_queue`, on which `enqueue` runs the task before it returns."""
    from musterq.testing.isolation import inner

    with inner(musterq_queue).immediate():
        yield musterq_queue
