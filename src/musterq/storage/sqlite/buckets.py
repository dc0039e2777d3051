"""The buckets of rows of the history, as far as they can be read: plain SQL may have left anything there."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from musterq.histogram import UPPER_MS

MOST = 2**53  # of anything that is counted, and of its milliseconds; sums of hundreds are numbers that SQLite knows
_BOUNDS = frozenset(UPPER_MS)
_BY_NAME = {str(upper): upper for upper in UPPER_MS}
_UNREADABLE = (msgspec.DecodeError, TypeError, RecursionError, UnicodeError)
_Number = Annotated[int, msgspec.Meta(gt=0, le=MOST)]
_one = msgspec.json.Decoder(dict[int, _Number]).decode
_many = msgspec.json.Decoder(list[dict[int, _Number]]).decode
_anything = msgspec.json.Decoder().decode


def buckets_of(text: Any) -> dict[int, int] | None:
    """Those of one row; None: somebody else than musterq has written it."""
    try:
        found = _one(text)
    except _UNREADABLE:
        return None
    return found if _BOUNDS.issuperset(found) else None


def buckets_of_many(lines: Any) -> list[dict[int, int]]:
    """Those of rows, a line each; of rows that musterq has not written so, what can be read."""
    if not isinstance(lines, str):
        return [readable(lines)]
    try:
        found = _many("[" + lines.replace("\n", ",") + "]")
    except _UNREADABLE:
        return [readable(line) for line in lines.split("\n")]
    return found if all(map(_BOUNDS.issuperset, found)) else [readable(line) for line in lines.split("\n")]


def readable(text: Any) -> dict[int, int]:
    """What can be read of those of a row."""
    try:
        found = _anything(text)
    except _UNREADABLE:
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {_BY_NAME[name]: n for name, n in items if name in _BY_NAME and type(n) is int and 0 < n <= MOST}
