"""The whole queue at a glance, and sleeping until it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from musterq.models import QueueMetrics, TaskStatus
from musterq.storage.sqlite import overview, reading
from musterq.storage.sqlite.claimable import claimable
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.storage.sqlite.waiting import HAS_EVENTS, LogWaiter

T = TypeVar("T")


class OverviewVerbs(Frame):
    """The verbs that read the whole."""

    @property
    def can_notify(self) -> bool:
        """Whether this system tells of writes to a file."""
        return HAS_EVENTS

    @verb
    def at_one_moment(self, look: Callable[[], T]) -> T:
        self.ensure_schema()
        with self._liveness.asked_once():
            return self._sessions.at_one_moment(look)

    @verb
    def metrics(self) -> QueueMetrics:
        now = Moment(self.clock)
        return self._read(lambda connection: overview.metrics(connection, self._is_dead, now))

    @verb
    def task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        counts = self._read(reading.task_counts)
        known = set(TaskStatus)
        return {(type, TaskStatus(status)): n for (type, status), n in counts.items() if status in known}

    @verb
    def claimable(self, types: frozenset[str] | None, capabilities: Mapping[str, Any]) -> int:
        now = Moment(self.clock)
        return self._read(lambda connection: claimable(connection, types, capabilities, now))

    def waiter(self) -> LogWaiter:
        self.ensure_schema()
        self._write(lambda _connection: None)  # the writer opens the log, which a new file does not have yet,
        self.task_counts()  # and a reader that stays open keeps it in place
        return LogWaiter(f"{self._file}-wal")
