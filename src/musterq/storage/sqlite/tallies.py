"""What happens most often (tasks are enqueued, started, completed) is tallied by one statement for many of them.

All else is tallied by triggers, which see to what plain SQL does, too.
"""

from __future__ import annotations

from musterq.histogram import bucket_of
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import MINUTE

NOT_TIMED = -1


class Tallies:
    """What one piece of work does, gathered, to be written once, in its transaction."""

    def __init__(self) -> None:
        self._gathered: dict[tuple[str, str, int], list[int]] = {}

    def count(self, type: str, what: str, n: int = 1) -> None:
        """Something happened so often that has no time of its own."""
        self._add((type, what, NOT_TIMED), n, 0)

    def time(self, type: str, what: str, ms: int) -> None:
        """Something happened once that has a time."""
        self._add((type, what, bucket_of(ms)), 1, ms)

    def _add(self, key: tuple[str, str, int], n: int, ms: int) -> None:
        sums = self._gathered.get(key)
        if sums is None:
            self._gathered[key] = [n, ms]
        else:
            sums[0] += n
            sums[1] += ms

    def write(self, connection: Connection, now: str) -> None:
        """Add it all to the tallies of this minute."""
        minute = now[:MINUTE]
        rows = [(minute, *key, *sums) for key, sums in self._gathered.items()]
        if len(rows) == 1:
            connection.run(query("tally"), rows[0])
        elif rows:
            connection.run_many(query("tally"), rows)
