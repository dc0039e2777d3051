"""``musterq backup``, ``musterq restore`` and ``musterq vacuum``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from musterq.cli.opening import existing_database, opened_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import note, on_one_line, say, say_json
from musterq.cli.progress import shown_progress
from musterq.cli.words import run_time, size

if TYPE_CHECKING:
    from musterq.upkeep import Backup, Vacuumed

commands = typer.Typer()

Target = Annotated[str, typer.Argument(metavar="TARGET", help="The file to write.")]
Source = Annotated[str, typer.Argument(metavar="BACKUP", help="The file that musterq backup wrote.")]
Verify = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Read the copy through, and say whether it is sound.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file, if there is one.")]
ForceRestore = Annotated[
    bool, typer.Option("--force", help="Replace the queue that is there; it is kept beside, under another name.")
]
Full = Annotated[
    bool,
    typer.Option("--full", help="Write the whole file anew in one piece; all who want to write wait until it is done."),
]


@commands.command(epilog=examples("musterq backup /backups/queue.db", "musterq backup --force --no-verify copy.db"))
def backup(
    target: Target, *, verify: Verify = True, force: Force = False, database: Database = None, as_json: AsJson = False
) -> None:
    """Copy the queue to a file while others write to it.

    The copy is verified. It is a queue that can be used as it is; tasks that worker processes were at work on wait in
    it again.
    """
    with existing_database(database) as opened, shown_progress("copying", as_json=as_json) as progress:
        made = opened.backup(target, replace=force, verify=verify, progress=progress)
    _show_copy(made, "backed up to", as_json=as_json)


@commands.command(epilog=examples("musterq restore /backups/queue.db --database queue.db --force"))
def restore(
    source: Source,
    *,
    verify: Verify = True,
    force: ForceRestore = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Put a copy of a backup in the place of the queue.

    Refused while a worker or another program uses the queue, and if the backup is damaged.
    """
    with opened_database(database) as opened, shown_progress("copying", as_json=as_json) as progress:
        made = opened.restore(source, replace=force, verify=verify, progress=progress)
    _show_copy(made, "restored to", as_json=as_json)


@commands.command(epilog=examples("musterq vacuum", "musterq vacuum --full"))
def vacuum(*, full: Full = False, database: Database = None, as_json: AsJson = False) -> None:
    """Give what is free in the file back to the file system.

    In short steps between which others write, unless it is --full.
    """
    if full:
        note("the file is written anew; whoever wants to write waits until that is done")
    with existing_database(database) as opened:
        done = opened.vacuum(full=full)
    if as_json:
        say_json(msgspec.to_builtins(done))
        return
    say(f"{size(done.bytes_before)} before, {size(done.bytes_after)} now, in {run_time(done.seconds)}")
    if _keeps_its_pages(done):
        say(f"{size(done.free_after)} in it are free and stay so: musterq vacuum --full gives them back")


def _show_copy(made: Backup, how: str, *, as_json: bool) -> None:
    if as_json:
        say_json(_document(made))
        return
    for remark in made.remarks:
        note(f"not quite right in it: {remark}")
    sound = "read through and sound" if made.verified else "not verified"
    tasks = f"{made.tasks:,} task{'' if made.tasks == 1 else 's'}"
    say(f"{how} {on_one_line(made.path)}: {tasks}, {size(made.bytes)}, in {run_time(made.seconds)}; {sound}")
    if made.given_back:
        say(f"{made.given_back:,} of them were held by worker processes, and are queued again in it")
    if made.kept is not None:
        say(f"what it replaced is kept: {on_one_line(made.kept)}")


def _document(made: Backup) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(made)
    return document


def _keeps_its_pages(done: Vacuumed) -> bool:
    return done.free_after > 0
