"""Tables: they fit the width of a terminal; into a pipe goes plain aligned text in full length."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from musterq.cli.output import colours, on_one_line, say, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NOTHING = "–"
GAP = 2  # columns between two columns
INDENT = 4  # of what stands below its row
READABLE = 16  # what a text needs beside others, unless all of it is shorter
NAME = 32  # what a name needs, which is hard to read when it is folded
LEAST = 8  # a text is folded to no less: then rather the terminal breaks the line

STYLES = {
    "completed": "green",
    "failed": "red",
    "processing": "cyan",
    "scheduled": "blue",
    "cancelled": "dim",
    "idle": "green",
    "busy": "cyan",
    "draining": "yellow",
    "wedged": "red",
    "late": "yellow",
    "suspended": "yellow",
    "lost": "red",
    "stale": "red",
}


class Column(NamedTuple):
    """A column of a table: numbers stand to the right, ids are never folded.

    What may stand ``aside`` goes below its row, behind its title, where the terminal is too narrow for all columns.
    """

    title: str
    number: bool = False
    whole: bool = False
    aside: bool = False

    @property
    def folds(self) -> bool:
        """Whether its texts may go on below themselves."""
        return not (self.number or self.whole)

    def needed(self, longest: int) -> int:
        """The width that it needs to be read, where its longest text is of this width."""
        if not self.folds:
            return longest
        return min(longest, READABLE if self.aside else NAME)


def say_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows under the titles of their columns."""
    if sys.stdout.isatty():
        _say_folded(columns, [[visible(value.strip()) for value in row] for row in rows])
    else:
        _say_aligned(columns, [[on_one_line(value) for value in row] for row in rows])


def say_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, the values aligned; the later lines of a value stand below its first."""
    width = max((cell_len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        first, *others = value.split("\n")
        say(f"{_padded(name, width)}  {first}".rstrip())
        for line in others:
            say(f"{' ' * width}  {line}".rstrip())


def _say_folded(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(color_system="auto" if colours(sys.stdout) else None, highlight=False)
    full = [_longest(column, [row[place] for row in rows]) for place, column in enumerate(columns)]
    beside, below = _arranged(columns, full, console.width)
    shown, widths = [columns[place] for place in beside], _fitted(columns, full, beside, console.width)
    lines = list(_lines(console, shown, widths, [Text(column.title, "bold") for column in shown]))
    for row in rows:
        lines += _lines(console, shown, widths, [Text(row[place], STYLES.get(row[place], "")) for place in beside])
        lines += _aside(console, [(columns[place].title, row[place]) for place in below])
    for line in lines:
        console.print(line, soft_wrap=True)


def _longest(column: Column, values: Sequence[str]) -> int:
    return max(cell_len(line) for value in (column.title, *values) for line in value.split("\n"))


def _arranged(columns: Sequence[Column], full: Sequence[int], room: int) -> tuple[list[int], list[int]]:
    """Which columns stand beside one another, and which below: the longest first, until the others can be read."""
    beside = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[place].needed(full[place]) for place in beside)

    while needed() + GAP * (len(beside) - 1) > room:
        movable = [place for place in beside if columns[place].aside]
        if not movable:
            break
        beside.remove(max(movable, key=lambda place: full[place]))
    return beside, [place for place in range(len(columns)) if place not in beside]


def _fitted(columns: Sequence[Column], full: Sequence[int], beside: Sequence[int], room: int) -> list[int]:
    """The widths of columns that stand beside one another; the longest text is folded first."""
    widths = {place: min(full[place], room) if columns[place].folds else full[place] for place in beside}
    texts = [place for place in beside if columns[place].folds]
    while texts and sum(widths.values()) + GAP * (len(beside) - 1) > room:
        longest = max(texts, key=lambda place: widths[place])
        if widths[longest] <= LEAST:
            break
        widths[longest] -= 1
    return list(widths.values())


def _lines(console: Console, columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Text]) -> Iterator[Text]:
    """A row, in as many lines as its longest cell needs."""
    from rich.text import Text

    folded = [
        cell.wrap(console, width, justify="right" if column.number else "left", overflow="fold")
        for column, width, cell in zip(columns, widths, cells, strict=True)
    ]
    for parts in zip_longest(*folded):
        padded = [part or Text(" " * width) for part, width in zip(parts, widths, strict=True)]
        line = Text(" " * GAP).join(padded)
        line.rstrip()
        yield line


def _aside(console: Console, facts: Sequence[tuple[str, str]]) -> Iterator[Text]:
    """What has no room beside the others, indented below its row."""
    from rich.text import Text

    text = Text(" " * GAP).join(
        Text.assemble((title, "bold"), " ", (value, STYLES.get(value, "")))
        for title, value in facts
        if value not in ("", NOTHING)
    )
    if text:
        for line in text.wrap(console, max(console.width - INDENT, READABLE), overflow="fold"):
            line.rstrip()
            yield Text(" " * INDENT) + line


def _say_aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    lines = [[column.title for column in columns], *rows]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = zip(line, widths, columns, strict=True)
        say("  ".join(_padded(value, width, right=column.number) for value, width, column in cells).rstrip())


def _padded(text: str, width: int, *, right: bool = False) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank
