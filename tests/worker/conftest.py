"""A queue in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.queue.task_queue import TaskQueue
from tests.worker.waiting import Record


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[TaskQueue]:
    with QueueDatabase(tmp_path / "queue.db") as database:
        yield TaskQueue(database)


@pytest.fixture
def record(queue: TaskQueue) -> Record:
    return Record(queue.events)
