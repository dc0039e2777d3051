"""A queue that is opened late: what all parts of TaskQueue stand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import MappingProxyType
from typing import Any, Self

from musterq.checks import MAX_PAYLOAD_BYTES, check_positive_int
from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.queue.draining import ImmediateMode
from musterq.queue.finish_watch import FinishWatch
from musterq.queue.schedules import ScheduleBook
from musterq.queue.tasks import TaskDefinition
from musterq.storage.base import Storage

LARGEST_PAYLOAD_LIMIT = 2**30 - 1  # what a database stores in one value
_OF_ITS_DATABASE = ("database", "_owns_database", "_storage", "_closed", "watch")


class OpenQueue:
    """The database of a queue, its definitions, and its events."""

    def __init__(
        self,
        database: QueueDatabase | str | os.PathLike[str] | None = None,
        *,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
        events: Events | None = None,
    ) -> None:
        self._owns_database = not isinstance(database, QueueDatabase)
        self.database = database if isinstance(database, QueueDatabase) else QueueDatabase(database)
        self.max_payload_bytes = check_positive_int("max_payload_bytes", max_payload_bytes, LARGEST_PAYLOAD_LIMIT)
        self.events = Events() if events is None else events
        self._definitions: dict[str, TaskDefinition[..., Any]] = {}
        self.definitions = MappingProxyType(self._definitions)
        self._book = ScheduleBook()
        self._random = Random()  # noqa: S311 - spreads retries, keeps no secret
        self._immediate = ImmediateMode()
        self._storage: Storage | None = None
        self.watch = FinishWatch(self)
        self._closed = False

    @property
    def storage(self) -> Storage:
        """The verbs of the queue, its tables checked.

        Raises:
            QueueSchemaError: the database has no tables of this version; the message says what to run.
            QueueDatabaseError: it cannot be opened, or this queue is closed.
        """
        storage = self._storage
        return storage if storage is not None else self._first_use()

    def _first_use(self) -> Storage:
        if self._closed:
            raise QueueDatabaseError(f"this TaskQueue on {self.database.location} is closed; make a new one")
        storage = self.database.storage
        storage.ensure_schema()
        self._storage = storage
        return storage

    @contextmanager
    def bound_to(self, database: QueueDatabase) -> Iterator[Self]:
        """Use another database within the block, in all threads: a test puts the queue of a program on one of its own.

        Handlers and subscribers stay. The queue's own database is left as it is, and is not even opened.

        Raises:
            TypeError: this is no `QueueDatabase`.
        """
        if not isinstance(database, QueueDatabase):
            raise TypeError(f"bound_to takes a QueueDatabase, not {type(database).__name__}")
        mine = dict(vars(self))
        vars(self).update(
            database=database, _owns_database=False, _storage=None, _closed=False, watch=FinishWatch(self)
        )
        try:
            yield self
        finally:
            vars(self).update((name, mine[name]) for name in _OF_ITS_DATABASE)

    def close(self) -> None:
        """Use this queue no more, and close its database if it was opened here."""
        self._closed = True
        self._storage = None
        if self._owns_database:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.database.location!r})"
