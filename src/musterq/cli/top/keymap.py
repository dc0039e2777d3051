"""What each key does, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.ui import Ui
from musterq.cli.top.wanted import Kind

#: Keys and what they do, as the help shows them.
HELP = (
    ("1 2 3 4, Tab", "types, workers, tasks, health"),
    ("up, down, PgUp, PgDn", "move (also k j, space, Home End, g G)"),
    ("Enter", "look into what is under the cursor"),
    ("Esc", "go back; end a filter"),
    ("s, S", "sort by the next column; the other way"),
    ("/", "only rows that contain a text"),
    ("f", "tasks of the next status"),
    ("o", "open a task by its number"),
    ("t", "charts: last hour, live, last day"),
    ("r", "retry a task that has finished"),
    ("c", "cancel a task, or ask it to stop"),
    ("p", "pause a type, or resume it"),
    ("Ctrl-L, Ctrl-Z", "draw anew; suspend"),
    ("?", "this help"),
    ("q, Ctrl-C", "quit"),
)


class QuitTop(Exception):
    """Somebody has seen enough."""


def press(ui: Ui, key: str, snapshot: Snapshot) -> None:
    """React to a key.

    Raises:
        QuitTop: that was what it asked for.
    """
    ui.notice = ""
    if ui.prompt is not None:
        ui.answer(ui.prompt, key)
    elif ui.help:
        ui.help = False
    elif (react := _REACTIONS.get(key)) is not None:
        react(ui, snapshot)


def _quit(_ui: Ui, _snapshot: Snapshot) -> None:
    raise QuitTop


def _show_help(ui: Ui, _snapshot: Snapshot) -> None:
    ui.help = True


_FAR = 10**9
_REACTIONS: Mapping[str, Callable[[Ui, Snapshot], None]] = {
    "q": _quit,
    "?": _show_help,
    "h": _show_help,
    "1": lambda ui, _: ui.go_to(Kind.TYPES),
    "2": lambda ui, _: ui.go_to(Kind.WORKERS),
    "3": lambda ui, _: ui.go_to(Kind.TASKS),
    "4": lambda ui, _: ui.go_to(Kind.HEALTH),
    "tab": lambda ui, _: ui.next_page(1),
    "right": lambda ui, _: ui.next_page(1),
    "left": lambda ui, _: ui.next_page(-1),
    "backtab": lambda ui, _: ui.next_page(-1),
    "up": lambda ui, snapshot: ui.move(snapshot, -1),
    "k": lambda ui, snapshot: ui.move(snapshot, -1),
    "down": lambda ui, snapshot: ui.move(snapshot, 1),
    "j": lambda ui, snapshot: ui.move(snapshot, 1),
    "page up": lambda ui, snapshot: ui.move(snapshot, -ui.rows),
    "page down": lambda ui, snapshot: ui.move(snapshot, ui.rows),
    " ": lambda ui, snapshot: ui.move(snapshot, ui.rows),
    "home": lambda ui, snapshot: ui.move(snapshot, -_FAR),
    "g": lambda ui, snapshot: ui.move(snapshot, -_FAR),
    "end": lambda ui, snapshot: ui.move(snapshot, _FAR),
    "G": lambda ui, snapshot: ui.move(snapshot, _FAR),
    "enter": lambda ui, snapshot: ui.choose(snapshot),
    "escape": lambda ui, _: ui.back(),
    "backspace": lambda ui, _: ui.back(),
    "s": lambda ui, _: ui.sort(),
    "S": lambda ui, _: ui.turn(),
    "/": lambda ui, _: ui.ask_filter(),
    "o": lambda ui, _: ui.ask_task(),
    "f": lambda ui, _: ui.next_status(),
    "t": lambda ui, _: ui.next_span(),
    "p": lambda ui, snapshot: ui.pause(snapshot),
    "r": lambda ui, snapshot: ui.retry(snapshot),
    "c": lambda ui, snapshot: ui.cancel(snapshot),
}
