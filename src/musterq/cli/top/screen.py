"""Lines become what a terminal is told: only rows that changed, in its own colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from musterq.cli.top.cells import Line

#: The colours are the terminal's own, so that they suit a light and a dark one.
_CODES = {
    "bold": "1",
    "dim": "2",
    "reverse": "7",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_COLOURS = frozenset({"red", "green", "yellow", "blue", "cyan"})
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # terminals that know it show what is between at once


class Screen:
    """What the terminal shows now.

    Args:
        colours: False: bold, dim and reversed text only.
    """

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._rows: list[str] = []

    def forget(self) -> None:
        """The terminal may show anything: paint all of it."""
        self._rows = []

    def paint(self, lines: Sequence[Line]) -> str:
        """What to write so that the terminal shows these lines."""
        rows = [self._row(line) for line in lines]
        anew = len(rows) != len(self._rows)
        known = [""] * len(rows) if anew else self._rows
        changed = [
            f"\x1b[{place};1H\x1b[2K{row}"
            for place, (row, old) in enumerate(zip(rows, known, strict=True), 1)
            if row != old
        ]
        self._rows = rows
        cleared = "\x1b[2J" if anew else ""
        return f"{_BEGIN}{cleared}{''.join(changed)}{_END}" if changed or anew else ""

    def _row(self, line: Line) -> str:
        return "".join(f"{code}{text}\x1b[m" if (code := self._code(style)) else text for text, style in line)

    def _code(self, style: str) -> str:
        return _code(style, self._colours) if style else ""


@lru_cache
def _code(style: str, colours: bool) -> str:  # noqa: FBT001  # a cache takes places
    codes = [_CODES[name] for name in style.split() if colours or name not in _COLOURS]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def plain(line: Line) -> str:
    """A line as text alone."""
    return "".join(cell.text for cell in line).rstrip()
