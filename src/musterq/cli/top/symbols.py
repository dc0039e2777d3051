"""The signs that are drawn with, for terminals that show Unicode and for those that do not; and small charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Symbols(NamedTuple):
    """Signs of one column each."""

    bars: str  # from nothing to the most
    rule: str
    between: str
    clip: str
    nothing: str
    up: str
    down: str
    done: str
    left: str


UNICODE = Symbols(bars="▁▂▃▄▅▆▇█", rule="─", between="│", clip="…", nothing="–", up="↑", down="↓", done="█", left="░")
ASCII = Symbols(bars="_.:-=+*#", rule="-", between="|", clip="~", nothing="-", up="^", down="v", done="#", left=".")


def symbols_for(encoding: str | None) -> Symbols:
    """Those that text of this encoding can hold."""
    try:
        "".join(UNICODE).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def sparkline(values: Sequence[float | None], width: int, symbols: Symbols) -> str:
    """The last of the values at the right, from zero to the greatest; each column shows the greatest of its own.

    Nothing stands where nothing is known, the lowest bar where it was zero.
    """
    if width <= 0:
        return ""
    columns = _thinned(values, width)
    most = max((value for value in columns if value is not None), default=0.0)
    return "".join(_bar(value, most, symbols) for value in columns).rjust(width)


def progress_bar(share: float, width: int, symbols: Symbols) -> str:
    """How far something is, 0 to 1."""
    done = round(min(max(share, 0.0), 1.0) * width)
    return symbols.done * done + symbols.left * (width - done)


def _thinned(values: Sequence[float | None], width: int) -> list[float | None]:
    each = -(-len(values) // width) or 1
    start = len(values) % each - each if len(values) % each else 0  # whole columns at the right end
    parts = [values[max(place, 0) : place + each] for place in range(start, len(values), each)]
    return [max((value for value in part if value is not None), default=None) for part in parts]


def _bar(value: float | None, most: float, symbols: Symbols) -> str:
    if value is None:
        return " "
    if value <= 0:
        return symbols.bars[0]
    steps = len(symbols.bars) - 1
    return symbols.bars[max(1, round(value / most * steps))]
