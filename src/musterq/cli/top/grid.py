"""Columns that fit a width: the least needed ones go first, then long texts are clipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from musterq.cli.top.cells import Cell, padded, width_of

_GAP = 1
_LEAST_TEXT = 8


class Column(NamedTuple):
    """A column: numbers stand at the right.

    Attributes:
        spare: 0: it is always shown; else the greatest goes first where there is no room.
        clips: its texts may be shortened.
        least: so wide it is at least, so that it does not jump with what it shows.
    """

    title: str
    right: bool = False
    spare: int = 0
    clips: bool = False
    least: int = 0


def grid(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, mark: str
) -> tuple[list[Cell], list[list[Cell]]]:
    """The titles and the rows as lines of cells."""
    widths = _widths(columns, rows, width)
    titles = [Cell(column.title, "bold") for column in columns]
    titled, *lines = ([*_line(columns, row, widths, mark)] for row in (titles, *rows))
    return titled, lines


def _line(columns: Sequence[Column], row: Sequence[Cell], widths: dict[int, int], mark: str) -> list[Cell]:
    cells: list[Cell] = []
    for place, width in widths.items():
        cell = row[place]
        gap = " " * _GAP if cells else ""
        cells.append(Cell(gap + padded(cell.text, width, mark, right=columns[place].right), cell.style))
    return cells


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> dict[int, int]:
    """The width of each column that is shown, by its place."""
    full = {
        place: max([width_of(column.title), column.least, *(width_of(row[place].text) for row in rows)])
        for place, column in enumerate(columns)
    }
    shown = _chosen(columns, full, width)
    over = sum(shown.values()) + _GAP * (len(shown) - 1) - width
    while over > 0:
        texts = [place for place in shown if columns[place].clips and shown[place] > _LEAST_TEXT]
        if not texts:
            break
        shown[max(texts, key=lambda place: shown[place])] -= 1
        over -= 1
    return shown


def _chosen(columns: Sequence[Column], full: dict[int, int], width: int) -> dict[int, int]:
    """The columns that have room, texts in their shortest form."""
    shown = dict(full)

    def needed() -> int:
        least = [min(full[place], 2 * _LEAST_TEXT) if columns[place].clips else full[place] for place in shown]
        return sum(least) + _GAP * (len(shown) - 1)

    while needed() > width:
        spare = max(shown, key=lambda place: columns[place].spare)
        if not columns[spare].spare:
            break
        del shown[spare]
    return shown
