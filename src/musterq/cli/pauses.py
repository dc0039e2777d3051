"""``musterq pause`` and ``musterq resume``."""

from __future__ import annotations

import typer

from musterq.cli.errors import refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, TaskType, examples
from musterq.cli.output import say, say_json, visible

commands = typer.Typer()


@commands.command(epilog=examples("musterq pause thumbnail"))
def pause(type: TaskType, *, database: Database = None, as_json: AsJson = False) -> None:
    """Let no worker take tasks of a type.

    Those that run go on; the others wait for: musterq resume.
    """
    with existing_queue(database) as queue, refusals_are_usage_errors():
        queue.pause(type)
    _report(type, "is paused; go on with: musterq resume " + type, paused=True, as_json=as_json)


@commands.command(epilog=examples("musterq resume thumbnail"))
def resume(type: TaskType, *, database: Database = None, as_json: AsJson = False) -> None:
    """Let workers take tasks of a paused type again."""
    with existing_queue(database) as queue, refusals_are_usage_errors():
        was_paused = queue.resume(type)
    _report(type, "is resumed" if was_paused else "was not paused", paused=False, as_json=as_json)


def _report(type: str, said: str, *, paused: bool, as_json: bool) -> None:
    if as_json:
        say_json({"type": type, "paused": paused})
    else:
        say(visible(f"{type} {said}"))
