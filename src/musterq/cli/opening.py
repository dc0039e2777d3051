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
        CommandError: there is no such file, or it is empty.
    """
    with opened_database(named) as database:
        if "://" not in database.location and (lacking := _lacking(Path(database.location))):
            raise CommandError(
                f"{lacking} {database.location}; name another with --database or MUSTERQ_DATABASE,"
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


def _lacking(path: Path) -> str | None:
    """In words, that there is nothing to look at; what is cut to nothing would look like a new queue that is well."""
    try:
        return "there is no queue in the empty file" if path.stat().st_size == 0 else None
    except FileNotFoundError:
        return "there is no queue at"
    except OSError:
        return None  # opening it tells why it cannot be looked at
