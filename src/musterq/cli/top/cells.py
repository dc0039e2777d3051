"""Pieces of text in a style, and lines of them that fit a width; nothing in them can steer a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from musterq.cli.output import on_one_line, visible


class Cell(NamedTuple):
    """A text, and how it looks: the names of styles with blanks between."""

    text: str
    style: str = ""


Line = Sequence[Cell]


def clean(text: str) -> str:
    """Text of somebody else's, on one line and with its control characters as escapes."""
    return text if text.isprintable() else on_one_line(text)


def width_of(text: str) -> int:
    """How many columns it takes."""
    return len(text) if text.isascii() else cell_len(text)


def clipped(text: str, width: int, mark: str) -> str:
    """The text in at most so many columns; the mark stands where some of it is left out."""
    if width_of(text) <= width:
        return text
    return "" if width <= 0 else set_cell_size(text, width - 1) + mark


def clipped_left(text: str, width: int, mark: str) -> str:
    """The same, for a text whose end says most, such as a path."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[1:]
    return mark + text if width > 0 else ""


def padded(text: str, width: int, mark: str, *, right: bool = False) -> str:
    """The text in exactly so many columns, at their left or right end."""
    shown = clipped(text, width, mark)
    blank = " " * (width - width_of(shown))
    return blank + shown if right else shown + blank


def fitted(line: Line, width: int, mark: str) -> list[Cell]:
    """The cells that have room in a line of this width, the last one clipped."""
    fitting: list[Cell] = []
    for cell in line:
        if width <= 0:
            break
        text = clipped(cell.text, width, mark)
        fitting.append(Cell(text, cell.style))
        width -= width_of(text)
    return fitting


def line_width(line: Line) -> int:
    """How many columns a line takes."""
    return sum(width_of(cell.text) for cell in line)


def justified(left: Line, right: Line, width: int, mark: str) -> list[Cell]:
    """One text at the left end of a line and one at its right, which goes where both have no room."""
    gap = width - line_width(left) - line_width(right)
    if gap < 1:
        return fitted(left, width, mark)
    return [*left, Cell(" " * gap), *right]


def in_columns(line: Line, width: int, mark: str) -> list[Cell]:
    """The line in exactly this width."""
    fitting = fitted(line, width, mark)
    return [*fitting, Cell(" " * (width - line_width(fitting)))]


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of this width, broken between words where that can be; nothing in it steers a terminal."""
    lines = [line for part in visible(text).expandtabs(4).split("\n") for line in _broken(part, max(width, 1))]
    return lines or [""]


def labelled(label: Cell, text: Cell, indent: int, width: int) -> list[Line]:
    """A label and a text beside it, whose later lines stand below its first."""
    first, *others = (Cell(line, text.style) for line in wrapped(text.text, width - indent))
    return [[Cell(label.text.ljust(indent), label.style), first], *([Cell(" " * indent), line] for line in others)]


def _broken(text: str, width: int) -> list[str]:
    lines = []
    while width_of(text) > width:
        most = set_cell_size(text, width).rstrip() or text[:1]
        end = most.rfind(" ")
        taken = most if text[len(most) : len(most) + 1] == " " or end <= 0 else most[:end]
        lines.append(taken)
        text = text[len(taken) :].lstrip()
    return [*lines, text]
