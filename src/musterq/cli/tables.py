"""Tables: columns fold to the width of a terminal; into a pipe goes plain aligned text in full length."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from musterq.cli.output import colours, on_one_line, say, visible

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
    """A column of a table: numbers stand to the right, ids are never folded."""

    title: str
    number: bool = False
    whole: bool = False


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
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.number else "left",
            no_wrap=column.number or column.whole,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(value, style=STYLES.get(value, "")) for value in row))
    Console(color_system="auto" if colours(sys.stdout) else None, highlight=False).print(table)


def _say_aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    lines = [[column.title for column in columns], *rows]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = zip(line, widths, columns, strict=True)
        say("  ".join(_padded(value, width, right=column.number) for value, width, column in cells).rstrip())


def _padded(text: str, width: int, *, right: bool = False) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank
