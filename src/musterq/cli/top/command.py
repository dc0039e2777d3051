"""``musterq top``."""

from __future__ import annotations

import os
import shutil
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from musterq.cli.errors import UsageError
from musterq.cli.opening import existing_queue
from musterq.cli.options import Database, examples
from musterq.cli.output import colours, say
from musterq.cli.top.wanted import PAGES, Kind

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue

commands = typer.Typer()

_LEAST_INTERVAL, _LONGEST_INTERVAL = 0.1, 3600.0
_PATIENCE = 0.2  # seconds that a database which does not answer delays the end
_PIPE_WIDTH = 120


def _page(text: str) -> Kind:
    known = [kind.value for kind in PAGES]
    if text not in known:
        raise typer.BadParameter(f"{text!r} is no page; give one of {', '.join(known)}")
    return Kind(text)


Interval = Annotated[
    float,
    typer.Option(
        "--interval",
        metavar="SECONDS",
        min=_LEAST_INTERVAL,
        max=_LONGEST_INTERVAL,
        help="Draw so often.",
    ),
]
Once = Annotated[bool, typer.Option("--once", help="Print one page with all its rows as plain text, and end.")]
Page = Annotated[
    Kind, typer.Option("--page", parser=_page, metavar="PAGE", help="Begin with types, workers, tasks or health.")
]


@commands.command(
    epilog=examples("musterq top", "musterq top --page workers --interval 2", "musterq top --once --page tasks")
)
def top(*, database: Database = None, interval: Interval = 0.5, page: Page = Kind.TYPES, once: Once = False) -> None:
    """Watch the queue live: depth, pace, workers, what is wrong.

    A dashboard for a terminal, with waits, failures and tasks in flight. The key ? shows all keys, q quits. Nothing is
    written but by the keys that retry, cancel and pause, which ask first.
    """
    with existing_queue(database) as queue:
        if once:
            _print_once(queue, page)
        else:
            _check_terminal()
            _watch(queue, page, interval)


def _print_once(queue: TaskQueue, page: Kind) -> None:
    from musterq.cli.top.body import Size
    from musterq.cli.top.frame import frame
    from musterq.cli.top.model import Model
    from musterq.cli.top.screen import plain
    from musterq.cli.top.sheet import Look
    from musterq.cli.top.symbols import symbols_for
    from musterq.cli.top.ui import Ui

    ui = Ui(page)
    snapshot = Model(queue, interval=1.0).read(ui.wanted)
    look = Look(snapshot, symbols_for(sys.stdout.encoding), time.time())
    width = shutil.get_terminal_size((_PIPE_WIDTH, 0)).columns
    for line in frame(ui, look, Size(width, None)):
        say(plain(line))


def _check_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this is no terminal; print one page with: musterq top --once")
    if find_spec("termios") is None:
        raise UsageError("this system's terminals are not supported; print one page with: musterq top --once")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError("this terminal cannot move its cursor (TERM); print one page with: musterq top --once")


def _watch(queue: TaskQueue, page: Kind, interval: float) -> None:
    from musterq.cli.top.dashboard import Dashboard
    from musterq.cli.top.model import Model
    from musterq.cli.top.screen import Screen
    from musterq.cli.top.symbols import symbols_for
    from musterq.cli.top.terminal import Terminal
    from musterq.cli.top.ui import Ui
    from musterq.cli.top.watcher import Watcher

    queue.storage.ensure_schema()  # before the screen is taken, so that a complaint about it stays on it
    ui, terminal = Ui(page), Terminal()
    watcher = Watcher(queue, Model(queue, interval), ui.wanted, terminal.wake)
    dashboard = Dashboard(
        ui=ui,
        watcher=watcher,
        terminal=terminal,
        screen=Screen(colours=colours(sys.stdout)),
        symbols=symbols_for(sys.stdout.encoding),
        interval=interval,
    )
    with terminal.ours():
        watcher.start()
        try:
            dashboard.run()
        finally:
            watcher.stop(_PATIENCE)
