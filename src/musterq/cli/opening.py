"""Opening the queue that a command names."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from musterq.cli.errors import CommandError, refusals_are_usage_errors

if TYPE_CHECKING:
    from musterq.database import QueueDatabase
    from musterq.queue.task_queue import TaskQueue


@contextmanager
def opened_database(named: str | None) -> Iterator[QueueDatabase]:
    """The database of this name, there or not, closed at the end of the block."""
    from musterq.database import QueueDatabase

    with refusals_are_usage_errors():
        database = QueueDatabase(named)
    with database:
        yield database


@contextmanager
def existing_database(named: str | None) -> Iterator[QueueDatabase]:
    """The database of this name, which must be there: a mistyped path makes no new file.

    Raises:
        CommandError: there is no such file.
    """
    with opened_database(named) as database:
        if "://" not in database.location and _is_missing(Path(database.location)):
            raise CommandError(
                f"there is no queue at {database.location}; name another with --database or MUSTERQ_DATABASE,"
                f" or create this one with: musterq init --database {shlex.quote(database.location)}"
            )
        yield database


@contextmanager
def existing_queue(named: str | None) -> Iterator[TaskQueue]:
    """The queue in the database of this name, which must be there.

    Raises:
        CommandError: there is no such file.
    """
    from musterq.queue.task_queue import TaskQueue

    with existing_database(named) as database:
        yield TaskQueue(database)


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        return False  # opening it tells why it cannot be looked at
