"""What instruments show: numbers and histograms by the values of their labels."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

#: In ms; each is the bound of a bucket that is kept (see `musterq.histogram`), so nothing is estimated here.
BOUNDS_MS = (
    *(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000),
    *(1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000),
)


class Times(NamedTuple):
    """A histogram: how many times were not longer than each of BOUNDS_MS, how many there are, and their sum."""

    up_to: tuple[int, ...]
    all: int
    seconds: float

    @classmethod
    def of(cls, buckets: Mapping[int, int], ms: int) -> Times:
        """The same of how many times there are by the upper bounds of their buckets, and the sum of all."""
        within = [0] * (len(BOUNDS_MS) + 1)
        for upper, n in buckets.items():
            within[bisect_left(BOUNDS_MS, upper)] += n
        *up_to, total = accumulate(within)
        return cls(tuple(up_to), total, ms / 1000)

    def plus(self, other: Times) -> Times:
        """Both together."""
        up_to = tuple(one + more for one, more in zip(self.up_to, other.up_to, strict=True))
        return Times(up_to, self.all + other.all, self.seconds + other.seconds)


NO_TIMES = Times.of({}, 0)


class Reading(NamedTuple):
    """What one instrument shows: its name, the values of its labels, and the number or the histogram."""

    instrument: str
    labels: tuple[str, ...]
    value: Any


#: By the values of the labels.
Series: TypeAlias = dict[tuple[str, ...], Any]
#: By the name of the instrument. What cannot be told is not there; what is nothing is zero.
Readings: TypeAlias = dict[str, Series]

#: Where names share a label, what they have together is the sum, but for these.
_TOGETHER: Mapping[str, Callable[[Any, Any], Any]] = {
    "musterq_oldest_queued_task_timestamp_seconds": min,
    "musterq_type_paused": max,
}


def gathered(found: Iterable[Reading]) -> Readings:
    """All of them, those with the same labels together."""
    readings: Readings = {}
    for name, labels, value in found:
        series = readings.setdefault(name, {})
        together = _TOGETHER.get(name, _sum)
        series[labels] = together(series[labels], value) if labels in series else value
    return readings


def _sum(one: Any, other: Any) -> Any:
    return one.plus(other) if isinstance(one, Times) else one + other
