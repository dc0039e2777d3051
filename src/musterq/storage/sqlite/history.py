"""The history: what happened by minute, hour, day and for ever, and how the queue was.

Tallies come first, in the transaction of the change. Whoever claims, and a service of each worker, folds those of past
minutes into the history, a few at a time: whoever holds the write lock finds what nobody has folded yet. What is read
is always both together, so it is the same before and after.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from musterq import histogram
from musterq.clock import epoch_to_text
from musterq.observations import GAUGES, KEPT_SECONDS, TALLIED, HistoryCell, HistoryRange, Tally
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import MINUTE, Moment

FOLDED_AT_ONCE = 200
TRIMMED_AT_ONCE = 500
#: What of a minute's name is the name of each span.
_START_OF: Mapping[str, Callable[[str], str]] = {
    "minute": lambda minute: minute,
    "hour": lambda minute: f"{minute[:13]}:00",
    "day": lambda minute: f"{minute[:10]} 00:00",
    "ever": lambda _minute: "",
}
_buckets = msgspec.json.Decoder(dict[int, int]).decode
_lists_of_buckets = msgspec.json.Decoder(list[dict[int, int]]).decode

_Key = tuple[str, int, str, str, str]


class Look(NamedTuple):
    """How the queue is: queued tasks by type, workers that are active, tasks that run, and how many could."""

    depth: Mapping[str, int]
    active_workers: int
    running: int
    capacity: int


class _Sums:
    """What is added to the rows of the history."""

    def __init__(self) -> None:
        self._rows: dict[_Key, tuple[list[int], dict[int, int]]] = {}

    def add(self, key: _Key, n: int, ms: int, buckets: Mapping[int, int]) -> None:
        sums, counted = self._rows.setdefault(key, ([0, 0], {}))
        sums[0] += n
        sums[1] += ms
        histogram.add(counted, buckets)

    def write(self, connection: Connection) -> None:
        for key, ((n, ms), counted) in self._rows.items():
            if counted and (known := connection.row(query("history_cell"), key)) is not None:
                histogram.add(counted, _buckets(known[0]))
            connection.run(query("history_add"), (*key, n, ms, json.dumps(counted)))


def fold(connection: Connection, now: Moment, limit: int = FOLDED_AT_ONCE) -> bool:
    """Bring some tallies of past minutes into the history; whether there may be more."""
    rows = connection.rows(query("tallies_before"), {"minute": now.text[:MINUTE], "limit": limit})
    if not rows:
        return False
    sums = _Sums()
    for _, minute, type, what, bucket, n, ms in rows:
        buckets = {} if bucket < 0 else {bucket: n}
        for span, start_of in _START_OF.items():
            sums.add((span, 1, what, start_of(minute), name_of(type)), n, ms, buckets)
            sums.add((span, 0, what, start_of(minute), ""), n, ms, buckets)
    sums.write(connection)
    connection.run(query("tallies_folded"), {"ids": json.dumps([row[0] for row in rows])})
    return len(rows) == limit


def is_sampled(connection: Connection, now: Moment) -> bool:
    """Whether somebody has looked in this minute."""
    return bool(connection.row(query("history_sampled"), {"minute": now.text[:MINUTE]})[0])


def sample(connection: Connection, look: Look, now: Moment) -> None:
    """Write down how the queue is, unless somebody has in this minute."""
    if is_sampled(connection, now):
        return
    sums = _Sums()
    minute = now.text[:MINUTE]
    for span in KEPT_SECONDS:
        at = _START_OF[span](minute)
        sums.add((span, 0, "depth", at, ""), 1, sum(look.depth.values()), {})
        for type, n in look.depth.items():
            sums.add((span, 1, "depth", at, name_of(type)), 1, n, {})
        sums.add((span, 0, "active_workers", at, ""), 1, look.active_workers, {})
        if look.capacity:
            sums.add((span, 0, "utilisation", at, ""), look.capacity, min(look.running, look.capacity), {})
    sums.write(connection)


def trim(connection: Connection, now: Moment) -> bool:
    """Drop some of what is too old; whether there may be more."""
    gone = 0
    for span, seconds in KEPT_SECONDS.items():
        gone += _trim_span(connection, span, now.after(-seconds)[:MINUTE], TRIMMED_AT_ONCE - gone)
        if gone >= TRIMMED_AT_ONCE:
            return True
    return False


def _trim_span(connection: Connection, span: str, before: str, limit: int) -> int:
    """Drop up to so many of its rows, and note that there may be others of which only some are gone."""
    gone = 0
    for what in (*TALLIED, *GAUGES):
        for by_type in (0, 1):
            facts = {"span": span, "by_type": by_type, "what": what, "before": before}
            gone += connection.run(query("history_trim"), {**facts, "limit": limit - gone})
    if gone:
        connection.run(query("history_trimmed"), {"span": span, "before": before})
    return gone


def totals(connection: Connection, *, by_type: bool) -> dict[str, dict[str, Tally]]:
    """All that ever happened: type to what to tally."""
    found: dict[str, dict[str, Tally]] = {}
    for (type, what), tally in _gathered(
        ((name_of(type), what), n, ms, buckets)
        for type, what, n, ms, buckets in connection.rows(query("history_ever"), {"by_type": int(by_type)})
    ).items():
        found.setdefault(type, {})[what] = tally
    return found


def cells(
    connection: Connection, what: Collection[str], within: HistoryRange, *, by_type: bool, timed: bool
) -> list[HistoryCell]:
    """What happened in each step of a range."""
    facts = {
        "span": within.span,
        "by_type": int(by_type),
        "what": json.dumps(sorted(what)),
        "start": within.start,
        "step": within.step_seconds,
        "since": epoch_to_text(within.start)[:MINUTE],
        "until": epoch_to_text(within.end)[:MINUTE],
    }
    if timed:
        rows = connection.rows(query("history_times"), facts)
    else:
        rows = [(*row, "[]") for row in connection.rows(query("history_sums"), facts)]
    gathered = _gathered(((row[0], name_of(row[1]), row[2]), *row[3:]) for row in rows)
    return [HistoryCell(place=key[0], type=key[1], what=key[2], tally=tally) for key, tally in gathered.items()]


def _gathered(rows: Iterable[tuple[Any, int, int, str]]) -> dict[Any, Tally]:
    """The sums by key of rows of the form key, n, ms, buckets, the last of which is a list."""
    sums: dict[Any, tuple[list[int], dict[int, int]]] = {}
    for key, n, ms, buckets in rows:
        both, counted = sums.setdefault(key, ([0, 0], {}))
        both[0] += n
        both[1] += ms
        for some in _lists_of_buckets(buckets):
            histogram.add(counted, some)
    return {key: Tally(n=n, ms=ms, buckets=counted) for key, ((n, ms), counted) in sums.items()}


def name_of(type: Any) -> str:
    """A type as text; plain SQL may have put in bytes."""
    return type if isinstance(type, str) else bytes(type).decode(errors="backslashreplace")
