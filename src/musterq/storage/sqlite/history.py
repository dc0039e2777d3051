"""The history: what happened by minute, hour, day and for ever, and how the queue was.

Tallies come first, in the transaction of the change. Whoever claims, and a service of each worker, folds those of past
minutes into the history, a few at a time: whoever holds the write lock finds what nobody has folded yet. What is read
is always both together, so it is the same before and after.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from musterq import histogram
from musterq.clock import epoch_to_text
from musterq.observations import GAUGES, KEPT_SECONDS, TALLIED, HistoryCell, HistoryRange, Tally
from musterq.storage.sqlite.buckets import MOST, buckets_of, buckets_of_many, readable
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.tallies import NOT_TIMED
from musterq.storage.sqlite.times import MINUTE, Moment

FOLDED_AT_ONCE = 200
TRIMMED_AT_ONCE = 500
END_OF_TIME = 253_402_300_799  # of the year 9999, after which texts no longer sort
#: What of a minute's name is the name of each span.
_START_OF: Mapping[str, Callable[[str], str]] = {
    "minute": lambda minute: minute,
    "hour": lambda minute: f"{minute[:13]}:00",
    "day": lambda minute: f"{minute[:10]} 00:00",
    "ever": lambda _minute: "",
}
_BUCKETS = frozenset({NOT_TIMED, *histogram.UPPER_MS})

_Key = tuple[str, int, str, str, str]


class Look(NamedTuple):
    """How the queue is: queued tasks by type, workers that are active, tasks that run, and how many could."""

    depth: Mapping[str, int]
    active_workers: int
    running: int
    capacity: int


class Folded(NamedTuple):
    """Whether there may be more to fold, and what was met that nobody can have written, in words; None: nothing."""

    more: bool
    fault: str | None = None


class _Sums:
    """What is added to the rows of the history; ``unreadable``: a row whose buckets were no buckets."""

    def __init__(self) -> None:
        self.unreadable: _Key | None = None
        self._rows: dict[_Key, tuple[list[int], dict[int, int]]] = {}

    def add(self, key: _Key, n: int, ms: int, buckets: Mapping[int, int]) -> None:
        sums, counted = self._rows.setdefault(key, ([0, 0], {}))
        sums[0] += n
        sums[1] += ms
        histogram.add(counted, buckets)

    def write(self, connection: Connection) -> None:
        for key, ((n, ms), counted) in self._rows.items():
            if counted and (known := connection.row(query("history_cell"), key)) is not None:
                histogram.add(counted, self._buckets_of(known[0], key))
            connection.run(query("history_add"), (*key, n, ms, json.dumps(counted)))

    def _buckets_of(self, text: Any, key: _Key) -> Mapping[int, int]:
        found = buckets_of(text)
        if found is None:
            self.unreadable = key
            return readable(text)
        return found


def fold(connection: Connection, now: Moment, limit: int = FOLDED_AT_ONCE) -> Folded:
    """Bring some tallies of past minutes into the history; those that nobody can have written are dropped."""
    rows = connection.rows(query("tallies_before"), {"minute": now.text[:MINUTE], "limit": limit})
    if not rows:
        return Folded(more=False)
    sums = _Sums()
    sound = [row for row in rows if _is_sound(*row[1:])]
    for _, minute, type, what, bucket, n, ms in sound:
        buckets = {} if bucket < 0 else {bucket: n}
        for span, start_of in _START_OF.items():
            sums.add((span, 1, what, start_of(minute), name_of(type)), n, _whole(ms), buckets)
            sums.add((span, 0, what, start_of(minute), ""), n, _whole(ms), buckets)
    sums.write(connection)
    connection.run(query("tallies_folded"), {"ids": json.dumps([row[0] for row in rows])})
    return Folded(len(rows) == limit, _fault(len(rows) - len(sound), sums.unreadable))


def _is_sound(minute: Any, _type: Any, what: Any, bucket: Any, n: Any, ms: Any) -> bool:
    """Whether musterq can have written this."""
    named = _is_minute(minute) and isinstance(what, str) and bucket in _BUCKETS
    return named and isinstance(n, int) and 0 < n <= MOST and isinstance(ms, int | float) and ms >= 0


def _is_minute(text: Any) -> bool:
    try:
        return isinstance(text, str) and text == datetime.fromisoformat(text).isoformat(" ")[:MINUTE]
    except ValueError:
        return False


def _fault(dropped: int, unreadable: _Key | None) -> str | None:
    met = []
    if dropped:
        met.append(f"tallies that nobody can have written were left out of it: {dropped}")
    if unreadable is not None:
        met.append(f"buckets could not be read: {' '.join(map(str, unreadable))}")
    return "; ".join(met) or None


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
        "until": epoch_to_text(min(within.end, END_OF_TIME))[:MINUTE],
    }
    if timed:
        rows = connection.rows(query("history_times"), facts)
    else:
        rows = [(*row, "{}") for row in connection.rows(query("history_sums"), facts)]
    gathered = _gathered(((row[0], name_of(row[1]), row[2]), *row[3:]) for row in rows)
    return [HistoryCell(place=key[0], type=key[1], what=key[2], tally=tally) for key, tally in gathered.items()]


def _gathered(rows: Iterable[tuple[Any, Any, Any, str]]) -> dict[Any, Tally]:
    """The sums by key of rows of the form key, n, ms, buckets, the last of which are lines."""
    sums: dict[Any, tuple[list[int], dict[int, int]]] = {}
    for key, n, ms, buckets in rows:
        both, counted = sums.setdefault(key, ([0, 0], {}))
        both[0] += _whole(n)
        both[1] += _whole(ms)
        for some in buckets_of_many(buckets):
            histogram.add(counted, some)
    return {key: Tally(n=n, ms=ms, buckets=counted) for key, ((n, ms), counted) in sums.items()}


def _whole(number: Any) -> int:
    """A number, as far as sums of it stay whole; what plain SQL put in that is none counts nothing."""
    return int(max(0, min(number, MOST))) if isinstance(number, int | float) else 0


def name_of(type: Any) -> str:
    """A type as text; plain SQL may have put in bytes."""
    return type if isinstance(type, str) else bytes(type).decode(errors="backslashreplace")
