"""The whole picture: a snapshot becomes as many lines as the terminal has rows."""

from __future__ import annotations

import time
from typing import Any

from musterq.cli.top.body import Size, body
from musterq.cli.top.cells import Cell, Line, clean, clipped_left, fitted, justified, width_of
from musterq.cli.top.figures import age_of
from musterq.cli.top.sheet import Look
from musterq.cli.top.sheets import SHEETS
from musterq.cli.top.sheets.findings import SEVERITIES
from musterq.cli.top.summary import summary
from musterq.cli.top.ui import Ui
from musterq.cli.top.wanted import PAGES, Kind

_NAME = "musterq top"
_CLOCK = "HH:MM:SS UTC"
_ROWS_A_FINDING = 12  # of the terminal
_BODY = 5  # rows that a place has at least: then the summary is cut
_TALL = 40  # rows from which on a worker or task leaves room for the summary
_KEYS = "? help  q quit  Enter look  / filter  s sort"
_KEYS_OF = {
    Kind.TYPES: "p pause  t charts",
    Kind.WORKERS: "",
    Kind.TASKS: "f status  r retry  c cancel",
    Kind.HEALTH: "",
    Kind.WORKER: "c cancel  Esc back",
    Kind.TASK: "r retry  c cancel  Esc back",
}


def frame(ui: Ui, look: Look, size: Size) -> list[Line]:
    """The lines from the first to the last row, none wider than the terminal."""
    head = [_title(look, size.width)]
    if not ui.help:
        head += _alarms(look, size)
        head += [*_summary(ui, look, size, len(head)), _pages(ui, look, size.width)]
    inside = body(ui, look, size.less(len(head) + 1))
    if size.height is None:
        lines = [*head, *inside]
    else:
        room = max(0, size.height - len(head) - 1)
        lines = [*head[: size.height - 1], *inside[:room], *[[]] * (room - len(inside)), _foot(ui)]
    return [fitted(line, size.width, look.symbols.clip) for line in lines]


def _summary(ui: Ui, look: Look, size: Size, above: int) -> list[Line]:
    """The panels, where they leave enough room for what is looked into."""
    if size.height is None:
        return summary(look, ui.span, size.width)
    if ui.place.kind not in PAGES and size.height < _TALL:
        return []
    return summary(look, ui.span, size.width)[: max(0, size.height - above - _BODY - 2)]


def _title(look: Look, width: int) -> Line:
    clock = time.strftime("%H:%M:%S UTC", time.gmtime(look.now))
    room = max(0, width - len(_NAME) - len(_CLOCK) - 4)
    location = clipped_left(clean(look.snapshot.location), room, look.symbols.clip)
    return justified([Cell(_NAME, "bold"), Cell(f"  {location}")], [Cell(clock)], width, look.symbols.clip)


def _alarms(look: Look, size: Size) -> list[Line]:
    """What is wrong: with the database, and the worst of what health has found."""
    findings = list(look.snapshot.findings)
    room = len(findings) if size.height is None else max(1, size.height // _ROWS_A_FINDING)
    lines = [_finding(finding, look) for finding in findings[:room]]
    if len(findings) > room:
        lines[-1] = justified(
            fitted(lines[-1], size.width - 16, look.symbols.clip),
            [Cell(f"+{len(findings) - room} more: key 4", "dim")],
            size.width,
            look.symbols.clip,
        )
    return [*_trouble(look), *lines]


def _trouble(look: Look) -> list[Line]:
    trouble = look.snapshot.trouble
    if trouble is None:
        return []
    told = trouble.message.removeprefix(f"{look.snapshot.location}: ")
    since = age_of(max(1.0, look.now - trouble.since), look.symbols.nothing)
    return [[Cell(f"no answer for {since}: ", "red bold"), Cell(clean(told), "red")]]


def _finding(finding: Any, look: Look) -> Line:
    age = look.age(finding["since_utc"])
    since = "" if age is None else f" ({age_of(age, look.symbols.nothing)})"
    return [
        Cell(finding["severity"], SEVERITIES.get(finding["severity"], "red")),
        Cell(f" {clean(finding['what'])}{since}"),
    ]


def _pages(ui: Ui, look: Look, width: int) -> Line:
    """The pages, the one on show marked; and how its rows are chosen and sorted."""
    here = ui.place.kind
    left = [_tab(number, kind, look, here) for number, kind in enumerate(PAGES, 1)]
    if here not in PAGES:
        left.append(Cell(f" {here.value} {clean(str(ui.place.subject))} ", "reverse"))
    told = Cell("  ".join(_chosen(ui, look)), "dim")
    gap = width - sum(width_of(cell.text) for cell in left) - width_of(told.text)
    return [*left, Cell(" " * max(1, gap)), told]


def _tab(number: int, kind: Kind, look: Look, here: Kind) -> Cell:
    findings = len(look.snapshot.findings) if kind is Kind.HEALTH else 0
    style = "yellow" if findings else ""
    return Cell(
        f" {number} {kind.value}{f' ({findings})' if findings else ''} ", f"{style} reverse" if kind is here else style
    )


def _chosen(ui: Ui, look: Look) -> list[str]:
    place = ui.place
    words = []
    if place.kind is Kind.TASKS:
        tasks = look.snapshot.tasks
        newest = f"newest {len(tasks.items)} " if tasks is not None and tasks.more else ""
        words.append(f"{newest}{place.which.status or 'all'}")
        words += [clean(place.which.type)] if place.which.type is not None else []
    if place.words:
        words.append(f"/{place.words}")
    if place.kind in SHEETS:
        order = SHEETS[place.kind].orders[place.sort]
        words.append(f"{look.symbols.down if order.falling != place.turned else look.symbols.up}{order.name}")
    return words


def _foot(ui: Ui) -> Line:
    """What is being asked, what came of the last key, or which keys there are."""
    if ui.prompt is not None and ui.prompt.action is not None:
        return [Cell(f"{ui.prompt.label} y/n", "bold yellow")]
    if ui.prompt is not None:
        return [Cell(f"{ui.prompt.label}: ", "bold"), Cell(ui.prompt.text), Cell(" ", "reverse")]
    if ui.notice:
        return [Cell(clean(ui.notice), "bold")]
    if ui.help:
        return [Cell("any key goes on", "dim")]
    return [Cell(f"{_KEYS_OF[ui.place.kind]}  {_KEYS}".strip(), "dim")]
