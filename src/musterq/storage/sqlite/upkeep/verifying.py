"""A look at all that is kept beside the tasks: where it is not what the rows say.

A counter that is wrong stays wrong by the same amount whatever is written, since triggers add and subtract. So a look
is of one moment, however long it takes, and what it found to be missing can be added later (`mending`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from musterq.errors import QueueSchemaError
from musterq.histogram import UPPER_MS
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.upkeep.counting import (
    NOTHING,
    Figures,
    Key,
    beyond,
    counted,
    difference,
    kept,
    stretches,
    text_of,
)
from musterq.storage.sqlite.upkeep.drift import Drift
from musterq.upkeep import Discrepancy

MOST_NAMED = 100  # of each kind
#: By kind of counter: what it is, and the names of its figures.
_COUNTERS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    0: ("waiting", ("tasks", "weight", "sum2", "sum3")),
    1: ("waiting", ("tasks", "weight", "sum2", "sum3")),
    2: ("waiting", ("tasks", "weight", "sum2", "sum3")),
    3: ("tasks", ("tasks", "attempts", "timed", "run_ms")),
    4: ("run_times", ("tasks", "sum1", "sum2", "sum3")),
    5: ("pruned", ("tasks", "attempts", "timed", "run_ms")),
    6: ("ledger", ("entries", "sum1", "sum2", "sum3")),
}
#: What is looked at row by row: what it is, the query, and the name of the figure.
ROWS = (
    ("lane", "verify_lanes", "lane_id"),
    ("run_time", "verify_run_times", "run_ms"),
    ("held", "verify_held", "held"),
    ("awaited", "verify_awaited", "awaits"),
    ("part", "verify_parts", "status"),
)
_CELL_FIGURES = ("n", "ms", "timed", "bounds")
#: Of the spans of the history: longer, shorter, and how the beginning of the longer one is made of that of the shorter.
SUMS = (
    {"coarse": "hour", "fine": "minute", "length": 13, "rest": ":00"},
    {"coarse": "day", "fine": "hour", "length": 10, "rest": " 00:00"},
    {"coarse": "ever", "fine": "day", "length": 0, "rest": ""},
)


class Look(NamedTuple):
    """What was found; ``lacks``: what must be added to which counters, as long as the mark is the same."""

    found: list[Discrepancy]
    lacks: dict[Key, Figures]
    mark: Any

    def has(self, *what: str) -> bool:
        """Whether something of these kinds was found."""
        return any(one.what in what for one in self.found)


def look(connection: Connection, drifts: Callable[[Connection], list[Drift]]) -> Look:
    """Look at everything, all of one moment; ``drifts`` tells what of the schema is not as it was made."""
    if not connection.in_transaction:
        connection.run("BEGIN")  # whoever keeps the reader ends it
    mark = connection.row(query("verify_mark"))
    found = [*_schema(drifts(connection)), *_buckets(connection)]
    lacks = dict[Key, Figures]()
    found += _some(_counters(connection, lacks))
    for what, name, figure in ROWS:
        found += _some(_rows(connection, what, name, figure))
    found += _some(_keys(connection))
    found += _some(_tallies(connection))
    found += _some(_history(connection))
    return Look(found, lacks, mark)


def bounds_that_differ(connection: Connection) -> tuple[list[int], list[int]]:
    """Bounds of buckets that are there and should not be, and those that are missing."""
    there = {upper for (upper,) in connection.rows(query("verify_buckets"))}
    return sorted(there - set(UPPER_MS)), sorted(set(UPPER_MS) - there)


def cells_beyond(connection: Connection) -> list[Any]:
    """Rows of the history that nobody can have written: their key, n, ms, and how many times they hold."""
    return connection.rows(query("verify_history_rows"))


def cells_that_differ(connection: Connection, span: Mapping[str, Any] | None) -> list[Any]:
    """Rows of a span that are not the sum of the shorter ones in it; None: those of all types, of those by type."""
    name = "verify_history_types" if span is None else "verify_history_sums"
    return connection.rows(query(name), {} if span is None else dict(span))


def _some(found: Iterator[Discrepancy]) -> Iterator[Discrepancy]:
    """The first of each kind, and how many more there are."""
    named, more = dict[str, int](), dict[str, int]()
    for one in found:
        if named.get(one.what, 0) < MOST_NAMED:
            named[one.what] = named.get(one.what, 0) + 1
            yield one
        else:
            more[one.what] = more.get(one.what, 0) + 1
    for what, n in more.items():
        yield Discrepancy(what=what, where=f"{n} more", kept={}, counted={})


def _schema(found: Sequence[Drift]) -> Iterator[Discrepancy]:
    if beyond_repair := [one.words for one in found if one.made.kind == "table"]:
        raise QueueSchemaError(f"{'; '.join(beyond_repair)}: that cannot be made again; restore a backup")
    for one in found:
        state = "missing" if one.missing else "changed"
        where = f"{one.made.kind} {one.name}"
        yield Discrepancy(what="schema", where=where, kept={"state": state}, counted={"state": "as it was made"})


def _buckets(connection: Connection) -> Iterator[Discrepancy]:
    extra, missing = bounds_that_differ(connection)
    if extra or missing:
        wrong = {"extra": extra, "missing": missing}
        yield Discrepancy(what="buckets", where="bounds of run times", kept=wrong, counted={"extra": [], "missing": []})


def _counters(connection: Connection, lacks: dict[Key, Figures]) -> Iterator[Discrepancy]:
    says, must = kept(connection), counted(connection)
    for key in sorted(says.keys() | must.keys()):
        yield from _counter(key, says.get(key, NOTHING), must.get(key, NOTHING), lacks)
    for name in ("verify_pruned", "verify_ledger"):
        for key, there, nearest in beyond(connection, name):
            yield from _counter(key, there, nearest, lacks)


def _counter(key: Key, there: Figures, must: Figures, lacks: dict[Key, Figures]) -> Iterator[Discrepancy]:
    if there == must:
        return
    lacks[key] = difference(must, there)
    what, names = _COUNTERS[key.kind]
    yield _differing(what, _place_of(key), names, there, must)


def _place_of(key: Key) -> str:
    one, other = key.words
    form = {
        0: "lane {0}",
        1: "lane {0}, group {1} of 32 priorities",
        2: "lane {0}, priority {1}",
        4: "{0}, up to {1} ms",
    }
    return form.get(key.kind, "{0}, {1}").format(one, other)


def _rows(connection: Connection, what: str, name: str, figure: str) -> Iterator[Discrepancy]:
    for stretch in stretches(connection):
        for task_id, there, must in connection.rows(query(name), stretch):
            yield Discrepancy(what=what, where=f"task {task_id}", kept={figure: there}, counted={figure: must})


def _keys(connection: Connection) -> Iterator[Discrepancy]:
    for _, key, taken, must in connection.rows(query("verify_keys")):
        where = f"key {text_of(key)}"
        yield Discrepancy(what="key", where=where, kept={"places_taken": taken}, counted={"places_taken": must})


def _tallies(connection: Connection) -> Iterator[Discrepancy]:
    for minute, type, what, bucket, n, ms in connection.rows(query("verify_tallies")):
        where = f"{minute}, {what}, {text_of(type)}"
        there = {"n": n, "ms": ms, "bucket": bucket}
        yield Discrepancy(what="tally", where=where, kept=there, counted={})


def _history(connection: Connection) -> Iterator[Discrepancy]:
    for *key, n, ms, timed in cells_beyond(connection):
        must = {"n": "1 at least", "ms": "0 at least", "timed": "n at most"}
        yield Discrepancy(what="history", where=_cell(key), kept={"n": n, "ms": ms, "timed": timed}, counted=must)
    for span in (*SUMS, None):
        for row in cells_that_differ(connection, span):
            yield _differing("history", _cell(row[:5]), _CELL_FIGURES, row[5:9], row[9:])


def _cell(key: Sequence[Any]) -> str:
    span, by_type, what, at, type = key
    return ", ".join(word for word in (f"{span} {at}".strip(), what, type if by_type else "all types") if word)


def _differing(what: str, where: str, names: Sequence[str], kept: Sequence[int], must: Sequence[int]) -> Discrepancy:
    pairs = [(name, there, wanted) for name, there, wanted in zip(names, kept, must, strict=True) if there != wanted]
    return Discrepancy(
        what=what,
        where=where,
        kept={name: there for name, there, _ in pairs},
        counted={name: wanted for name, _, wanted in pairs},
    )
