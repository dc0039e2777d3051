"""What was seen since the start: charts of the last minute, and how fast tasks finish right now."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from musterq.cli.top.snapshot import Counts, Trends, Values
from musterq.models import FINISHED, TaskStatus

_KEPT = 120
_RATE_SECONDS = 5.0


class _Sample(NamedTuple):
    at: float
    counts: Counts
    statuses: Mapping[TaskStatus, int]

    @property
    def finished(self) -> int:
        return sum(self.statuses[status] for status in FINISHED)


class Samples:
    """The last counts, each with its time (epoch seconds)."""

    def __init__(self) -> None:
        self._seen: deque[_Sample] = deque(maxlen=_KEPT)

    def add(self, at: float, counts: Counts) -> None:
        """Keep them for a while."""
        self._seen.append(_Sample(at, counts, counts.by_status()))

    def throughput(self) -> float | None:
        """Finished tasks per second in the last seconds; None while there is nothing to compare with.

        Tasks that are pruned meanwhile are missing in it, so that it may be too small, but never negative.
        """
        if not self._seen:
            return None
        last = self._seen[-1]
        first = next(sample for sample in self._seen if sample.at >= last.at - _RATE_SECONDS)
        seconds = last.at - first.at
        return max(0, last.finished - first.finished) / seconds if seconds > 0 else None

    def trends(self) -> Trends:
        """Waiting and running tasks as they were, and of the finished ones how many came in each step."""
        return Trends(whole={status.value: self._trend(status) for status in TaskStatus}, depth_of=self._depth_of)

    def _trend(self, status: TaskStatus) -> Values:
        amounts = [sample.statuses[status] for sample in self._seen]
        return _added(amounts) if status in FINISHED else [float(amount) for amount in amounts]

    def _depth_of(self, type: str) -> Values:
        return [float(sample.counts.tasks.get((type, TaskStatus.QUEUED), 0)) for sample in tuple(self._seen)]


def _added(totals: Sequence[int]) -> Values:
    return [float(max(0, later - earlier)) for earlier, later in pairwise(totals)]
