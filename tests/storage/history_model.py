"""What happened, in plain Python, as simple as can be: what the totals and the history of a storage must say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from musterq.clock import Clock
from musterq.histogram import UPPER_MS
from musterq.observations import TALLIED, HistoryRange, Tally
from musterq.storage.base import Storage

DAY = 86400
SECONDS = {"minute": 60, "hour": 3600, "day": DAY}
KEPT = {"minute": 2 * DAY, "hour": 60 * DAY, "day": 3 * 365 * DAY}

Cell = tuple[str, float, str, str]  # span, when it began, type (empty: all together), what


@dataclass
class Sums:
    """What is summed up of one cell."""

    n: int = 0
    ms: int = 0
    buckets: Counter[int] = field(default_factory=Counter)

    @property
    def tally(self) -> Tally:
        return Tally(n=self.n, ms=self.ms, buckets=dict(self.buckets))


class ModelHistory:
    """All that happened, and was seen; ``is_certain`` False: plain SQL wrote while the machine's minute changed."""

    def __init__(self, clock: Clock) -> None:
        self.is_certain = True
        self._clock = clock
        self._cells: dict[Cell, Sums] = {}
        self._ever: dict[tuple[str, str], Sums] = {}
        self._seen: set[float] = set()
        self._moments = {clock.time()}
        self._real_minute = time.time() // 60
        self._has_used_it = False

    def happen(self, type: str, what: str, ms: int | None = None, *, by_real_clock: bool = False) -> None:
        """Something happened once, by the clock of the storage or, in SQL that knows no other, by the machine's."""
        self._has_used_it |= by_real_clock
        now = time.time() if by_real_clock else self._clock.time()
        bucket = None if ms is None else next(upper for upper in UPPER_MS if upper >= min(ms, UPPER_MS[-1]))
        for name in (type, ""):
            places = [self._ever.setdefault((name, what), Sums())]
            places += [self._place(span, now, name, what) for span in SECONDS]
            for sums in places:
                sums.n += 1
                sums.ms += ms or 0
                sums.buckets.update([] if bucket is None else [bucket])

    def keep(self, queued: Mapping[str, int]) -> None:
        """A look how much is queued, once a minute; what is too old goes then."""
        now = self._clock.time()
        if now // 60 in self._seen:
            return
        self._seen.add(now // 60)
        for span in SECONDS:
            for type, n in {**queued, "": sum(queued.values())}.items():
                sums = self._place(span, now, type, "depth")
                sums.n += 1
                sums.ms += n
        self._cells = {cell: sums for cell, sums in self._cells.items() if cell[1] >= (now - KEPT[cell[0]]) // 60 * 60}

    def check(self, storage: Storage) -> None:
        """The storage says the same."""
        real_minute = time.time() // 60
        self.is_certain &= not self._has_used_it or real_minute == self._real_minute
        self._real_minute, self._has_used_it = real_minute, False
        told = {
            (type, what): t
            for by in (True, False)
            for type, of in storage.totals(by_type=by).items()
            for what, t in of.items()
        }
        assert told == {key: sums.tally for key, sums in self._ever.items()}
        if self.is_certain:
            assert self._told(storage) == {cell: sums.tally for cell, sums in self._cells.items()}

    def _told(self, storage: Storage) -> dict[Cell, Tally]:
        told: dict[Cell, Tally] = {}
        for span, seconds in SECONDS.items():
            start = int(min(self._moments) // DAY) * DAY
            steps = int(max(self._moments) - start) // seconds + 1
            within = HistoryRange(start=start, step_seconds=seconds, steps=steps, span=span)
            for by_type in (True, False):
                for cell in storage.history((*TALLIED, "depth"), within, by_type=by_type, timed=True):
                    told[span, start + cell.place * seconds, cell.type, cell.what] = cell.tally
        return told

    def _place(self, span: str, now: float, type: str, what: str) -> Sums:
        self._moments.add(now)
        return self._cells.setdefault((span, now // SECONDS[span] * SECONDS[span], type, what), Sums())
