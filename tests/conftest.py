"""A queue in a file of its own, on a clock that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.queue.task_queue import TaskQueue
from tests.support import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def database(tmp_path: Path, clock: MovableClock) -> Iterator[QueueDatabase]:
    with QueueDatabase(tmp_path / "queue.db", clock=clock) as database:
        yield database


@pytest.fixture
def queue(database: QueueDatabase) -> TaskQueue:
    return TaskQueue(database)
