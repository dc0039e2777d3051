"""What a place shows: a table, or lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from musterq.cli.top.cells import Cell, Line, fitted, in_columns, labelled, wrapped
from musterq.cli.top.details import task_lines, worker_lines
from musterq.cli.top.grid import grid
from musterq.cli.top.keymap import HELP
from musterq.cli.top.place import Place
from musterq.cli.top.sheet import Look, Sheet, listed
from musterq.cli.top.sheets import SHEETS
from musterq.cli.top.ui import Ui
from musterq.cli.top.wanted import Kind

_KEYS_WIDTH = 22
_READING: Line = [Cell("reading", "dim")]
_LEAST_ROWS = 3  # of a table below what is told of a worker


class Size(NamedTuple):
    """Columns and rows; no rows: as many as there is something to show on."""

    width: int
    height: int | None

    def less(self, rows: int) -> Size:
        """So many rows fewer, but at least one."""
        return self if self.height is None else Size(self.width, max(1, self.height - rows))


def body(ui: Ui, look: Look, size: Size) -> list[Line]:
    """The lines of the place where somebody is."""
    if ui.help:
        return [
            line for keys, words in HELP for line in labelled(Cell(keys, "bold"), Cell(words), _KEYS_WIDTH, size.width)
        ]
    match ui.place.kind:
        case Kind.TASK:
            return _task(ui, look, size)
        case Kind.WORKER:
            return _worker(ui, look, size)
        case Kind.HEALTH:
            return _health(ui, look, size)
        case Kind.TYPES | Kind.WORKERS | Kind.TASKS:
            return _table(SHEETS[ui.place.kind], ui, look, size)


def _task(ui: Ui, look: Look, size: Size) -> list[Line]:
    detail = look.snapshot.task
    if detail is None or detail.task_id != ui.place.subject:
        return [_READING]
    lines = list(task_lines(detail, look, size.width))
    ui.rows = size.height or len(lines)
    ui.place.top = max(0, min(ui.place.top, len(lines) - ui.rows))
    return lines[ui.place.top :]


def _worker(ui: Ui, look: Look, size: Size) -> list[Line]:
    detail = look.snapshot.worker
    if detail is None or detail.worker_id != ui.place.subject:
        return [_READING]
    told = list(worker_lines(detail, look, size.width))
    if size.height is not None:
        told = told[: max(1, size.height - _LEAST_ROWS)]
    return [*told, *_table(SHEETS[Kind.WORKER], ui, look, size.less(len(told)))]


def _health(ui: Ui, look: Look, size: Size) -> list[Line]:
    """The findings, and below them all that is known of the one under the cursor."""
    findings = listed(SHEETS[Kind.HEALTH], look.snapshot, ui.place) or []
    chosen = findings[min(ui.place.row, len(findings) - 1)] if findings else None
    words = "" if chosen is None else f"{chosen['what']}\n{chosen['advice']}"
    told = [[Cell(line)] for line in wrapped(words, size.width)] if words else []
    table = _table(SHEETS[Kind.HEALTH], ui, look, size.less(len(told) + 1))
    return [*table, [], *told]


def _table(sheet: Sheet[Any], ui: Ui, look: Look, size: Size) -> list[Line]:
    items = listed(sheet, look.snapshot, ui.place)
    if items is None:
        return [_READING]
    room = ui.rows = len(items) + 1 if size.height is None else max(1, size.height - 1)
    place = ui.place
    place.settle([sheet.key(item) for item in items], room)
    shown = items[place.top : place.top + room]
    titles, lines = grid(sheet.columns, [sheet.cells(item, look) for item in shown], size.width, look.symbols.clip)
    if not items:
        return [titles, [Cell(f"no row contains {place.words!r}" if place.words else sheet.empty, "dim")]]
    return [titles, *_with_cursor(lines, place, size, look)]


def _with_cursor(lines: Sequence[Line], place: Place, size: Size, look: Look) -> list[Line]:
    if size.height is None:
        return [fitted(line, size.width, look.symbols.clip) for line in lines]
    at = place.row - place.top
    return [_marked(line, size, look) if row == at else line for row, line in enumerate(lines)]


def _marked(line: Line, size: Size, look: Look) -> Line:
    return [Cell(text, f"{style} reverse") for text, style in in_columns(line, size.width, look.symbols.clip)]
