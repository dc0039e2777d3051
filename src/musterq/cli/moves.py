"""``musterq retry`` and ``musterq cancel``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from musterq.cli.errors import FAILED, refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, TaskIds, examples
from musterq.cli.output import complain, say, say_json
from musterq.models import FINISHED, Task

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue

commands = typer.Typer()

Delay = Annotated[
    float,
    typer.Option(metavar="SECONDS", help="Run them so many seconds from now at the earliest.", show_default=False),
]


@commands.command(epilog=examples("musterq retry 17 18", "musterq retry 17 --delay 60"))
def retry(ids: TaskIds, *, delay: Delay = 0.0, database: Database = None, as_json: AsJson = False) -> None:
    """Queue finished tasks again; their attempts start from zero.

    A task that has not finished is left as it is, and the exit code is 1.
    """
    with existing_queue(database) as queue, refusals_are_usage_errors():
        moved = _move(queue, ids, lambda task_id: queue.retry(task_id, delay=delay), not_retried)
    _report(ids, moved, "queued again", "retried", as_json=as_json)


@commands.command(epilog=examples("musterq cancel 17 18"))
def cancel(ids: TaskIds, *, database: Database = None, as_json: AsJson = False) -> None:
    """Cancel waiting tasks, and ask running ones to stop.

    A task that has finished is left as it is, and the exit code is 1.
    """
    with existing_queue(database) as queue:
        moved = _move(queue, ids, queue.cancel, not_cancelled)
    _report(ids, moved, "cancelled, or asked to stop", "cancelled", as_json=as_json)


def _move(
    queue: TaskQueue, ids: Sequence[int], move: Callable[[int], bool], refusal: Callable[[Task], str]
) -> list[int]:
    """Move each task; say which cannot be moved, and why."""
    moved = []
    for task_id in dict.fromkeys(ids):
        if move(task_id):
            moved.append(task_id)
        elif (task := queue.get(task_id)) is None:
            complain(f"there is no task {task_id}; list the tasks with: musterq tasks")
        else:
            complain(refusal(task))
    return moved


def not_retried(task: Task) -> str:
    """Why a task cannot be retried."""
    if task.status in FINISHED:  # what is finished can be retried, but for this
        return f"task {task.id} waits for tasks that failed or were cancelled; retry these, and it comes back by itself"
    return f"task {task.id} is {task.status} and cannot be retried: it has not finished"


def not_cancelled(task: Task) -> str:
    """Why a task cannot be cancelled."""
    return f"task {task.id} is {task.status} and cannot be cancelled: it has finished"


def _report(ids: Sequence[int], moved: Sequence[int], done: str, key: str, *, as_json: bool) -> None:
    left = [task_id for task_id in ids if task_id not in moved]
    if as_json:
        say_json({key: moved, "unchanged": left})
    else:
        for task_id in moved:
            say(f"task {task_id}: {done}")
    if left:
        raise typer.Exit(FAILED)
