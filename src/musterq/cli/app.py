"""The program ``musterq``: its commands, its exit codes, and how it ends."""

from __future__ import annotations

from typing import Annotated

import typer

from musterq.cli import (
    copies,
    doctor,
    enqueue,
    explain,
    exporter,
    fleet,
    groups,
    health,
    initialize,
    ledger,
    limits,
    metrics,
    moves,
    pauses,
    retention,
    schedules,
    supervise_command,
    tasks,
    verify,
    worker_command,
    workers,
)
from musterq.cli.options import ON_ITS_OWN_LINES
from musterq.cli.output import replace_what_cannot_be_encoded, say
from musterq.cli.sections import SectionedGroup
from musterq.cli.top import command as top_command

EXIT_CODES = f"""{ON_ITS_OWN_LINES}
Exit codes:
  0  done
  1  the database could not do it, there is no such task, or it was left so
  2  wrong usage; nothing was written

{ON_ITS_OWN_LINES}
A first queue:
  musterq init --database queue.db
  musterq enqueue thumbnail '{{"path": "a.png"}}' --database queue.db
  musterq metrics --database queue.db
"""

app = typer.Typer(
    name="musterq",
    cls=SectionedGroup,
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help starts twice as fast, and pipes well
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
for part in (
    initialize,
    enqueue,
    worker_command,
    supervise_command,
    workers,
    fleet,
    tasks,
    explain,
    groups,
    moves,
    pauses,
    limits,
    retention,
    schedules,
    ledger,
    metrics,
    exporter,
    health,
    doctor,
    verify,
    copies,
    top_command,
):
    app.add_typer(part.commands)


def show_version(asked: bool) -> None:  # noqa: FBT001  # typer calls it so
    """Print the installed version and end."""
    if asked:
        from importlib.metadata import version

        say(f"musterq {version('musterq')}")
        raise typer.Exit


@app.callback()
def top(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="MUSTERQ_DEBUG", help="Show the traceback of every error.")
    ] = False,
) -> None:
    """A durable task queue in one file that always knows who is at work.

    Every command finds its queue by --database, else by MUSTERQ_DATABASE, else in your data folder.
    """


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    replace_what_cannot_be_encoded()
    app(prog_name="musterq")
