"""The counters, counted anew from the rows.

Tasks are walked through by stretches of ids, so that the memory that it takes is the same for any number of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

STRETCH = 20_000
BEFORE_ALL = -(2**63)


class Key(NamedTuple):
    """Of a counter: its kind and both keys, each with its form, since plain SQL may name a type in any bytes."""

    kind: int
    form1: str
    key1: bytes
    form2: str
    key2: bytes

    @property
    def words(self) -> tuple[str, str]:
        """Both keys, to be read."""
        return text_of(self.key1), text_of(self.key2)


Figures = tuple[int, int, int, int]
Counts = dict[Key, Figures]
NOTHING: Figures = (0, 0, 0, 0)


def text_of(name: bytes) -> str:
    """Bytes that are meant as text, to be read."""
    return name.decode(errors="backslashreplace")


def kept(connection: Connection) -> Counts:
    """What the counters say of tasks."""
    return {_key(row): _figures(row[5:]) for row in connection.rows(query("verify_kept"))}


def counted(connection: Connection) -> Counts:
    """What they must say."""
    counts = {_key(row): _figures(row[5:]) for row in connection.rows(query("verify_waiting"))}
    for stretch in stretches(connection):
        for row in connection.rows(query("verify_tasks"), stretch):
            counts[_key(row)] = _sum(counts.get(_key(row), NOTHING), _figures(row[5:]))
    return counts


def beyond(connection: Connection, name: str) -> Iterator[tuple[Key, Figures, Figures]]:
    """Counters that rows cannot tell and that cannot be right, with the nearest that can."""
    for row in connection.rows(query(name)):
        yield _key(row), _figures(row[5:9]), _figures(row[9:])


def stretches(connection: Connection) -> Iterator[dict[str, int]]:
    """The ids of all tasks, in pieces."""
    after = BEFORE_ALL
    while (upto := connection.row(query("verify_stretch"), {"after": after, "limit": STRETCH})[0]) is not None:
        yield {"after": after, "upto": upto}
        after = upto


def difference(more: Figures, less: Figures) -> Figures:
    """Figure by figure."""
    return _figures(one - other for one, other in zip(more, less, strict=True))


def _sum(one: Figures, other: Figures) -> Figures:
    return _figures(a + b for a, b in zip(one, other, strict=True))


def _key(row: Any) -> Key:
    return Key(*row[:5])


def _figures(values: Any) -> Figures:
    n, sum1, sum2, sum3 = values
    return n, sum1, sum2, sum3
