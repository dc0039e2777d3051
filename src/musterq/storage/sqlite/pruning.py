"""Taking old rows away, a little at a time, so that no writer waits for it.

What may go is looked for without the write lock, and looked at again under it. Failed and cancelled tasks are found by
their indexes. Completed ones have none, which each completion would have to pay for: they are found by walking the
table in the order of ids, and the walk stands still where none of the next tasks is old. What it passed by, such as
tasks that ran for long, it finds an hour later, when it goes from the start again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from musterq.records import Retention
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.hold import Hold
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.retention import Excess, oldest_kept, rules
from musterq.storage.sqlite.times import Moment

FROM_THE_START_MS = 3_600_000
LEAST_STEP, MOST_STEP = 64, 4096
_AT_ONCE = 10
_PIECE = 200  # of what hangs on a task
_AFTER_ALL = "9999-12-31 23:59:59.999"


class Candidates(NamedTuple):
    """Tasks of one status that may go, and when the latest of them ended."""

    status: str
    ids: Sequence[int]
    latest: str


class Found(NamedTuple):
    """What may go now, and whether there is more to look at."""

    tasks: Sequence[Candidates] = ()
    entries: Sequence[int] = ()
    more: bool = False
    walked_to: int | None = None

    @property
    def something(self) -> bool:
        """Whether anything may go."""
        return bool(self.tasks or self.entries)


class Gone(NamedTuple):
    """What went; ``all_of_it`` False: there was no time for more."""

    tasks: int
    entries: int
    all_of_it: bool


class Pruning:
    """Where the walk is, and how many tasks it looks at in one step."""

    def __init__(self) -> None:
        self._rules: dict[str, Retention] = {}
        self._after = 0
        self._since_ms = 0
        self._step = LEAST_STEP

    def find(self, connection: Connection, now: Moment) -> Found:
        """Look for what may go."""
        kept = rules(connection)
        excess = Excess(connection, kept)
        if kept != self._rules or now.boot_ms - self._since_ms >= FROM_THE_START_MS:
            self._rules, self._since_ms, self._after = kept, now.boot_ms, 0
        entries = _old_entries(connection, oldest_kept(kept.get("ledger"), now), excess.of("ledger"), self._step)
        ended = [
            candidates
            for status in ("failed", "cancelled")
            if (candidates := _old_ended(connection, status, oldest_kept(kept.get(status), now), excess, self._step))
        ]
        walked = self._walk(connection, oldest_kept(kept.get("completed"), now), excess)
        return walked._replace(tasks=[*ended, *walked.tasks], entries=entries)

    def walked(self, found: Found) -> None:
        """What was found is gone: go on behind it, with longer steps where there was little."""
        if found.walked_to is not None:
            self._after = found.walked_to
            self._step = LEAST_STEP * 4 if found.tasks else min(self._step * 2, MOST_STEP)

    def _walk(self, connection: Connection, before: str, excess: Excess) -> Found:
        too_many = excess.of("completed")
        if not excess.there_are("completed") or not (before or too_many):
            return Found()
        rows = connection.rows(query("prune_walk"), {"after": self._after, "limit": self._step})
        if not rows or not (too_many or any(created < before for _, created, _, _ in rows)):
            return Found()
        ripe = [(id, ended) for id, _, ended, completed in rows if completed and ended < before]
        if len(ripe) < too_many:
            ripe = [(id, ended) for id, _, ended, completed in rows if completed][:too_many]
        tasks = [_candidates("completed", ripe)] if ripe else []
        passed = [id for id, created, _, _ in rows if created < before] + [id for id, _ in ripe]
        return Found(tasks=tasks, more=len(rows) == self._step, walked_to=max(passed, default=rows[-1][0]))


def _old_ended(connection: Connection, status: str, before: str, excess: Excess, limit: int) -> Candidates | None:
    rows = connection.rows(query(f"old_{status}"), {"before": before, "limit": limit}) if before else []
    too_many = min(excess.of(status), limit)
    if len(rows) < too_many:
        rows = connection.rows(query(f"old_{status}"), {"before": _AFTER_ALL, "limit": too_many})
    return _candidates(status, rows) if rows else None


def _candidates(status: str, rows: Sequence[tuple[int, str]]) -> Candidates:
    return Candidates(status, [id for id, _ in rows], max(ended for _, ended in rows))


def _old_entries(connection: Connection, before: str, too_many: int, limit: int) -> list[int]:
    if not (before or too_many):
        return []
    rows = connection.rows(query("oldest_ledger"), {"limit": limit})
    return [id for place, (id, at) in enumerate(rows) if at < before or place < too_many]


def remove(connection: Connection, found: Found, hold: Hold) -> Gone:
    """Take away what was found, as far as there is time for it; the counters keep what it was."""
    entries = tasks = 0
    for ids in _pieces(found.entries, _PIECE):
        entries += connection.run(query("prune_ledger"), {"ids": json.dumps(ids)})
        if hold.is_over:
            return Gone(tasks, entries, all_of_it=False)
    for candidates in found.tasks:
        for ids in _pieces(candidates.ids, _AT_ONCE):
            gone = _remove_tasks(connection, candidates, ids, hold)
            tasks += gone or 0
            if gone is None or hold.is_over:
                return Gone(tasks, entries, all_of_it=False)
    return Gone(tasks, entries, all_of_it=True)


def _pieces(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _remove_tasks(connection: Connection, candidates: Candidates, ids: Sequence[int], hold: Hold) -> int | None:
    """How many went; None: so much hangs on them that there was no time for themselves."""
    asked = {"ids": json.dumps(ids), "status": candidates.status, "latest": candidates.latest}
    facts = {"ids": json.dumps([id for (id,) in connection.rows(query("prunable"), asked)])}
    for what in ("prune_logs", "prune_attempts"):
        while connection.run(query(what), {**facts, "limit": _PIECE}) == _PIECE:
            if hold.is_over:
                return None
    connection.run(query("fold"), facts)
    return connection.run(query("prune_tasks"), facts)
