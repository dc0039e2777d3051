"""``musterq explain``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from musterq.cli.errors import CommandError
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, TaskId, examples
from musterq.cli.output import note, note_the_database, on_one_line, say, say_json
from musterq.cli.task_past import say_past

commands = typer.Typer()


@commands.command(epilog=examples("musterq explain 17", "musterq explain 17 --json | jq -r '.reasons[].reason'"))
def explain(id: TaskId, *, database: Database = None, as_json: AsJson = False) -> None:
    """Say why a task is not running, who runs it, or why it ended."""
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened:
        explained = QueueMonitoring(opened).explain(id)
    if explained is None:
        raise CommandError(f"there is no task {id}; list the tasks with: musterq tasks")
    if as_json:
        say_json(explained)
    else:
        note_the_database(database, *_say(explained))


def _say(explained: Mapping[str, Any]) -> list[str]:
    """Print it; returns the texts that may name commands."""
    said = [explained["summary"], *(reason["text"] for reason in explained["reasons"])]
    say(on_one_line(explained["summary"]))
    reasons = explained["reasons"]
    if len(reasons) > 1:
        say("\nReasons:")
        for reason in reasons:
            say(f"  - {on_one_line(reason['text'])}")
    say_past(explained)
    if explained["status"] in ("failed", "cancelled"):
        said.append(f"run it again with: musterq retry {explained['task_id']}")
        note(said[-1])
    return said
