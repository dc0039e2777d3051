"""The options that commands share, and the form of their examples."""

from __future__ import annotations

from typing import Annotated

import typer

from musterq.scalars import LARGEST_ID

ON_ITS_OWN_LINES = "\b"  # the help's sign for: do not wrap this paragraph


def task_id(text: str) -> int:
    """The number of a task, as it is typed."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= LARGEST_ID:
        raise typer.BadParameter(f"{text!r} is no task's number; give a whole number from 1, as musterq tasks shows it")
    return number


Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        "-d",
        envvar="MUSTERQ_DATABASE",
        metavar="PATH|URL",
        help="The queue: a path or an sqlite:/// URL; without it, queue.db in your data folder.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
TaskId = Annotated[int, typer.Argument(parser=task_id, metavar="ID", help="The task's number.")]
TaskIds = Annotated[list[int], typer.Argument(parser=task_id, metavar="ID...", help="The tasks' numbers.")]
TaskType = Annotated[str, typer.Argument(metavar="TYPE", help="The type of the tasks.")]


def examples(*lines: str) -> str:
    """What stands below the options in a command's help."""
    return "\n".join(
        [ON_ITS_OWN_LINES, "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)]
    )
