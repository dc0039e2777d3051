"""Making right what a look has found (`verifying`), in transactions so short that writers hardly notice.

Counters are given what they lack, which is the same whatever was written since the look. Rows and the history are
counted anew under the write lock, each by itself. What is finer is believed: minutes before hours, types before all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from musterq.clock import Clock
from musterq.histogram import UPPER_MS, add
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.upkeep.counting import BEFORE_ALL, STRETCH
from musterq.storage.sqlite.upkeep.verifying import (
    ROWS,
    SUMS,
    Look,
    bounds_that_differ,
    cells_beyond,
    cells_that_differ,
)

T = TypeVar("T")
Run = Callable[[Callable[[Connection], Any]], Any]  # runs work on a connection
AT_ONCE = 200
#: By what is looked at row by row: the statements that make it right.
_MENDS = {
    "lane": ("mend_rows",),
    "run_time": ("mend_rows",),
    "held": ("mend_held",),
    "awaited": ("mend_awaited",),
    "part": ("mend_parts_to_wait", "mend_parts_to_run"),
}
_CELL = ("span", "by_type", "what", "at", "type")
_decode = msgspec.json.Decoder().decode


def mend_buckets(connection: Connection) -> None:
    """Give the run times the buckets that they have elsewhere."""
    extra, missing = bounds_that_differ(connection)
    connection.run_many(query("mend_bucket_drop"), [(upper,) for upper in extra])
    connection.run_many(query("mend_bucket_add"), [(upper,) for upper in missing])


def mend_counters(connection: Connection, look: Look) -> None:
    """Add what the counters lack, unless somebody has done so since the look, or has changed the triggers."""
    if connection.row(query("verify_mark")) != look.mark:
        return
    for key, (n, sum1, sum2, sum3) in look.lacks.items():
        connection.run(query("mend_counter"), {**key._asdict(), "n": n, "sum1": sum1, "sum2": sum2, "sum3": sum3})
    connection.run(query("mend_zeros"))
    connection.run(query("mend_mark"))


def mend_tallies(connection: Connection) -> None:
    """Drop tallies that nobody can have written."""
    connection.run(query("mend_tallies"))


def mend_rows(read: Run, write: Run, clock: Clock) -> None:
    """Give tasks the lanes, run times and parts that are theirs, a few at a time."""
    stretch = {"after": BEFORE_ALL, "limit": STRETCH}
    while (upto := read(lambda connection: connection.row(query("verify_stretch"), stretch)[0])) is not None:
        for what, name, _ in ROWS:
            rows = read(partial(_rows_of, name=name, facts={**stretch, "upto": upto}))
            for piece in _pieces(rows):
                write(partial(_mend_tasks, what=what, ids=[row[0] for row in piece], clock=clock))
        stretch["after"] = upto


def mend_keys(read: Run, write: Run) -> None:
    """Give the free places of concurrency keys to tasks that wait for them."""
    for form, key, _, _ in read(partial(_rows_of, name="verify_keys", facts={})):
        write(partial(_run, name="mend_key", facts={"form": form, "key": key}))


def mend_history(read: Run, write: Run) -> None:
    """Clean its rows; then by type the longer spans of the shorter ones, then all types, then what has no type."""
    for piece in _pieces(read(cells_beyond)):
        write(partial(_each, mend=_clean, keys=[row[:5] for row in piece]))
    for by_type, spans in ((1, SUMS), (0, (None,)), (0, SUMS)):
        for span in spans:
            rows = read(partial(cells_that_differ, span=span))
            for piece in _pieces([row for row in rows if row[1] == by_type]):
                write(partial(_each, mend=partial(_sum_up, span=span), keys=[row[:5] for row in piece]))


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


def _rows_of(connection: Connection, name: str, facts: Mapping[str, Any]) -> list[Any]:
    return connection.rows(query(name), dict(facts))


def _run(connection: Connection, name: str, facts: Mapping[str, Any]) -> None:
    connection.run(query(name), dict(facts))


def _mend_tasks(connection: Connection, what: str, ids: Sequence[int], clock: Clock) -> None:
    facts = {"ids": json.dumps(ids), "now": Moment(clock).text}
    for name in _MENDS[what]:
        connection.run(query(name), facts)


def _each(connection: Connection, mend: Callable[[Connection, dict[str, Any]], None], keys: Sequence[Any]) -> None:
    for key in keys:
        mend(connection, dict(zip(_CELL, key, strict=True)))


def _clean(connection: Connection, cell: dict[str, Any]) -> None:
    """Keep of a row what can be."""
    for n, ms, buckets in connection.rows(query("history_cell_whole"), cell):
        times = _times(buckets)
        _set(connection, cell, max(n, sum(times.values())), max(ms, 0), times)


def _sum_up(connection: Connection, cell: dict[str, Any], span: Mapping[str, Any] | None) -> None:
    """Write a row as the sum of its parts."""
    if span is None:
        parts = connection.rows(query("history_cell_types"), cell)
    else:
        parts = connection.rows(query("history_cell_parts"), {**cell, **span})
    n, ms, times = _total(parts)
    whole = connection.row(query("history_cell_whole"), cell)
    if span is None and cell["what"] == "depth":  # there were looks at which nothing of a type waited
        n = max((row[0] for row in parts), default=0) if whole is None else whole[0]
    if whole is not None and cell["span"] == "ever" and _is_trimmed(connection):
        n, ms, times = max(n, whole[0]), max(ms, whole[1]), _greater(times, _times(whole[2]))
    _set(connection, cell, n, ms, times)


def _total(rows: Sequence[Any]) -> tuple[int, int, dict[int, int]]:
    times: dict[int, int] = {}
    for _, _, buckets in rows:
        add(times, _times(buckets))
    return sum(row[0] for row in rows), sum(row[1] for row in rows), times


def _times(buckets: str) -> dict[int, int]:
    """The buckets of a row, without what cannot be."""
    try:
        found = _decode(buckets)
    except msgspec.DecodeError:
        return {}
    bounds = {str(upper): upper for upper in UPPER_MS}
    items = found.items() if isinstance(found, dict) else ()
    return {bounds[key]: n for key, n in items if key in bounds and isinstance(n, int) and n > 0}


def _greater(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    return {upper: max(one.get(upper, 0), other.get(upper, 0)) for upper in one.keys() | other.keys()}


def _is_trimmed(connection: Connection) -> bool:
    return connection.row(query("history_trimmed_days")) is not None


def _set(connection: Connection, cell: Mapping[str, Any], n: int, ms: int, times: Mapping[int, int]) -> None:
    if n < 1:
        connection.run(query("history_drop"), dict(cell))
    else:
        connection.run(query("history_set"), {**cell, "n": n, "ms": ms, "buckets": json.dumps(times)})
