"""What all parts of `QueueMonitoring` stand on: the queue's storage."""

from __future__ import annotations

from musterq.database import QueueDatabase
from musterq.storage.base import Storage


class Part:
    """A part of `QueueMonitoring`."""

    def __init__(self, database: QueueDatabase) -> None:
        if not isinstance(database, QueueDatabase):
            raise TypeError(f"QueueMonitoring wants a QueueDatabase, not {type(database).__name__}")
        self._database = database

    @property
    def database(self) -> QueueDatabase:
        """The queue that it looks at."""
        return self._database

    @property
    def _storage(self) -> Storage:
        return self._database.storage
