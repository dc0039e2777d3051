"""A program's own queue, on a database of the test's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from musterq.clock import Clock
from musterq.database import QueueDatabase
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.task_queue import TaskQueue

AnyQueue = TaskQueue | AsyncTaskQueue


def inner(queue: AnyQueue) -> TaskQueue:
    """The queue itself, also of one for coroutines.

    Raises:
        TypeError: it is no queue.
    """
    found = queue.queue if isinstance(queue, AsyncTaskQueue) else queue
    if not isinstance(found, TaskQueue):
        raise TypeError(f"{queue!r} is no queue; give a TaskQueue or an AsyncTaskQueue")
    return found


@contextmanager
def isolated(queue: AnyQueue, *, clock: Clock | None = None) -> Iterator[QueueDatabase]:
    """Put the queue of a program on an empty database in a temporary file, for the length of the block.

    Its handlers stay; its own database is neither opened nor written.

    Args:
        queue: The one that the program uses, such as ``shop.queue``.
        clock: By which it goes meanwhile, such as a `FrozenClock`.
    """
    bound = inner(queue)
    with (
        tempfile.TemporaryDirectory(prefix="musterq-test-", ignore_cleanup_errors=True) as folder,
        QueueDatabase(Path(folder) / "queue.db", clock=clock) as database,
    ):
        database.initialize_schema()
        with bound.bound_to(database):
            yield database
