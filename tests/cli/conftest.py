"""A queue in a file of its own, and the commands run on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq import TaskQueue
from tests.cli.project import Project
from tests.cli.running import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The commands, on a database that is not there yet."""
    return Cli(tmp_path / "queue.db")


@pytest.fixture
def queue(cli: Cli) -> Iterator[TaskQueue]:
    """The queue that the commands see, initialised."""
    queue = TaskQueue(str(cli.database))
    queue.database.initialize_schema()
    yield queue
    queue.database.close()


@pytest.fixture
def failed(queue: TaskQueue) -> int:
    """A task that failed for good."""
    handle = queue.enqueue("thumbnail", {"path": "a.png"})
    (claim,) = queue.claim("worker-01")
    assert queue.fail(claim, "no such file", retry=False)
    return handle.id


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A user's project, and processes that work on it."""
    project = Project(tmp_path)
    yield project
    project.close()
