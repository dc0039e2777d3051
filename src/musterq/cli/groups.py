"""``musterq group``."""

from __future__ import annotations

from typing import Annotated

import typer

from musterq.cli.errors import CommandError
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, examples, task_id
from musterq.cli.output import say_json
from musterq.cli.tables import say_pairs
from musterq.cli.words import percent
from musterq.errors import TaskNotFoundError
from musterq.models import TaskStatus
from musterq.records import GroupProgress

commands = typer.Typer()

GroupId = Annotated[
    int, typer.Argument(parser=task_id, metavar="ID", help="The group's number, which is that of its first part.")
]


@commands.command(epilog=examples("musterq group 17", "musterq group 17 --json | jq .done"))
def group(id: GroupId, *, database: Database = None, as_json: AsJson = False) -> None:
    """Show how far a group is.

    The task that follows it is none of its parts; musterq task shows of each part which one that is.
    """
    with existing_queue(database) as queue:
        try:
            progress = queue.group_progress(id)
        except TaskNotFoundError:
            raise CommandError(f"there is no group {id}; musterq task shows in which group a task is") from None
    if as_json:
        say_json({"group_id": id, "total": progress.total, "by_status": progress.by_status, "done": progress.done})
    else:
        say_pairs(_facts(progress))


def _facts(progress: GroupProgress) -> list[tuple[str, str]]:
    statuses = [status.value for status in TaskStatus if status in progress.by_status]
    counts = [(status, f"{progress.by_status[status]:,}") for status in statuses]
    return [("parts", f"{progress.total:,}"), *counts, ("done", percent(progress.done))]
