"""What the checks of health look at: each is read once, when the first check asks for it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property

from musterq.clock import datetime_to_text
from musterq.models import TAKES_TASKS, QueueMetrics, WorkerActivity
from musterq.observations import HistoryCell, HistoryRange
from musterq.storage.base import Storage

HOUR = 3600
STEP = 300  # of the last hour: what was before the last success is told from what came after it as finely as this
_HAPPENED = ("completed", "failed", "retried", "rescued", "crashed", "refused")


def as_text(name: str | bytes) -> str:
    """A name as text; plain SQL may have put in bytes."""
    return name if isinstance(name, str) else bytes(name).decode(errors="backslashreplace")


class Sight:
    """The queue as it is now."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.now: datetime = storage.clock.now()

    @cached_property
    def activity(self) -> list[WorkerActivity]:
        """What every worker is doing."""
        return self.storage.worker_activity()

    @cached_property
    def taking(self) -> list[WorkerActivity]:
        """The workers that take tasks."""
        return [worker for worker in self.activity if worker.status in TAKES_TASKS]

    @cached_property
    def metrics(self) -> QueueMetrics:
        """The state of the queue."""
        return self.storage.metrics()

    @cached_property
    def queued(self) -> dict[str, int]:
        """Queued tasks by type."""
        return {as_text(type): n for type, n in self.metrics.queued_by_type.items()}

    @cached_property
    def oldest(self) -> dict[str, float]:
        """For how many seconds the oldest queued task of each type has waited."""
        return {as_text(type): age for type, age in self.metrics.oldest_queued_seconds_by_type.items()}

    @cached_property
    def paused(self) -> frozenset[str]:
        """The types that are paused."""
        return frozenset(as_text(type) for type in self.storage.paused_types())

    def ago(self, seconds: float) -> str | None:
        """When it was so many seconds ago, as text; None, where no date is as old as plain SQL says."""
        try:
            return datetime_to_text(self.now - timedelta(seconds=seconds))
        except OverflowError:
            return None

    @cached_property
    def hour(self) -> dict[str, dict[str, int]]:
        """How often each thing happened in the last hour: what, to type, to how often."""
        sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for cell in self._cells:
            sums[cell.what][cell.type] += cell.tally.n
        return sums

    @cached_property
    def failed_in_a_row(self) -> dict[str, int]:
        """How many attempts of each type failed since the last one of the hour that did not."""
        succeeded: dict[str, int] = defaultdict(lambda: -1)
        for cell in self._cells:
            if cell.what == "completed":
                succeeded[cell.type] = max(succeeded[cell.type], cell.place)
        failures: dict[str, int] = defaultdict(int)
        for cell in self._cells:
            if cell.what in ("failed", "retried") and cell.place > succeeded[cell.type]:
                failures[cell.type] += cell.tally.n
        return failures

    @cached_property
    def depth_an_hour_ago(self) -> float | None:
        """How many tasks were queued then, as far as somebody looked."""
        first = HistoryRange(start=self._range.start, step_seconds=STEP, steps=1, span="minute")
        cells = self.storage.history(["depth"], first, by_type=False, timed=False)
        return cells[0].tally.ms / cells[0].tally.n if cells and cells[0].tally.n else None

    @property
    def _range(self) -> HistoryRange:
        start = int(self.now.timestamp() - HOUR) // STEP * STEP
        return HistoryRange(start=start, step_seconds=STEP, steps=HOUR // STEP + 1, span="minute")

    @cached_property
    def _cells(self) -> list[HistoryCell]:
        return self.storage.history(_HAPPENED, self._range, by_type=True, timed=False)
