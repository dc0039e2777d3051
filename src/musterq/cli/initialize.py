"""``musterq init``."""

from __future__ import annotations

import typer

from musterq.cli.opening import opened_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import say, say_json

commands = typer.Typer()


@commands.command("init", epilog=examples("musterq init --database queue.db"))
def initialize(*, database: Database = None, as_json: AsJson = False) -> None:
    """Create the queue's tables, or upgrade older ones.

    Running it again changes nothing, and an application's own tables stay as they are.
    """
    with opened_database(database) as opened:
        opened.initialize_schema()
        location = opened.location
    if as_json:
        say_json({"database": location, "initialized": True})
    else:
        say(f"{location} is ready")
