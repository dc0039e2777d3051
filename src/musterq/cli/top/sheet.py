"""A list of things as a table: its columns, its orders, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from musterq.cli.top.cells import Cell
from musterq.cli.top.grid import Column
from musterq.cli.top.place import Key, Place
from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.symbols import Symbols
from musterq.clock import text_to_datetime

Item = TypeVar("Item")


class Look(NamedTuple):
    """With what and of when rows are drawn."""

    snapshot: Snapshot
    symbols: Symbols
    now: float  # epoch seconds

    def age(self, since_utc: str | None) -> float | None:
        """How many seconds ago a time was, as reports have it: text, UTC."""
        return None if since_utc is None else max(0.0, self.now - text_to_datetime(since_utc).timestamp())


class Order(NamedTuple, Generic[Item]):
    """An order of a list."""

    name: str
    key: Callable[[Item], Any]
    falling: bool = False


class Sheet(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """A list of things.

    Attributes:
        items: what is listed; None: not read yet.
        key: what tells a row from the others.
        words: what a filter looks into.
        empty: what is said where nothing is listed.
    """

    columns: tuple[Column, ...]
    orders: tuple[Order[Item], ...]
    items: Callable[[Snapshot, Place], Sequence[Item] | None]
    key: Callable[[Item], Key]
    cells: Callable[[Item, Look], Sequence[Cell]]
    words: Callable[[Item], str]
    empty: str


def listed(sheet: Sheet[Item], snapshot: Snapshot, place: Place) -> list[Item] | None:
    """What a place shows, filtered and in order; None: not read yet."""
    items = sheet.items(snapshot, place)
    if items is None:
        return None
    if place.words:
        wanted = place.words.casefold()
        items = [item for item in items if wanted in sheet.words(item).casefold()]
    order = sheet.orders[place.sort]
    return sorted(items, key=order.key, reverse=order.falling != place.turned)
