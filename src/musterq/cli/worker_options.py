"""The options of a worker that can also stand in the environment and in a file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

# Values stay text until all sources of options are put together, so that a message names the source.
Database = Annotated[
    str | None,
    typer.Option("--database", "-d", metavar="PATH|URL", help="The queue's database, where the module names none."),
]
WorkerId = Annotated[str | None, typer.Option(metavar="TEXT", help="Its name; by default host, pid, something random.")]
Concurrency = Annotated[str | None, typer.Option("--concurrency", "-c", metavar="N", help="Tasks at once (8).")]
Executor = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Where handlers run: threads, processes or asyncio (threads)."),
]
MaxTasksPerChild = Annotated[
    str | None, typer.Option(metavar="N", help="Replace a child process after so many tasks (1000).")
]
MaxChildMib = Annotated[
    str | None, typer.Option(metavar="MIB", help="Replace a child process that has taken more memory than this.")
]
Strategy = Annotated[
    str | None, typer.Option(metavar="NAME", help="fifo, lifo, priority or weighted_random (priority).")
]
MaxWait = Annotated[
    str | None, typer.Option(metavar="SECONDS", help="With priority: a task that has waited for so long is next.")
]
Types = Annotated[list[str] | None, typer.Option(metavar="TYPE,...", help="Take these types only.")]
Capability = Annotated[
    list[str] | None,
    typer.Option("--capability", metavar="NAME=VALUE", help="What it offers to tasks, as gpu=true; repeat for more."),
]
Burst = Annotated[bool | None, typer.Option("--burst/--no-burst", help="Stop when nothing is left to do.")]
Grace = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="How long a stop waits for what runs, before it is given back (30)."),
]
TaskLogLevel = Annotated[
    str | None,
    typer.Option(metavar="LEVEL", help="Which log lines of handlers are kept with their tasks; off: none (info)."),
]
LogFormat = Annotated[
    str | None, typer.Option(metavar="FORMAT", help="What its log lines are: text, or json, an object a line (text).")
]

#: By the names of `WorkerOptions`, in the order of the help.
OPTIONS: Mapping[str, Any] = {
    "concurrency": Concurrency,
    "executor": Executor,
    "max_tasks_per_child": MaxTasksPerChild,
    "max_child_mib": MaxChildMib,
    "strategy": Strategy,
    "max_wait": MaxWait,
    "types": Types,
    "capabilities": Capability,
    "burst": Burst,
    "grace": Grace,
    "task_log_level": TaskLogLevel,
    "log_format": LogFormat,
    "worker_id": WorkerId,
    "database": Database,
}


def with_options_of_a_worker(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take all of these behind its argument; what is not given is None in its ``**given``."""
    signature = inspect.signature(command, eval_str=True)
    argument, *own, _ = signature.parameters.values()
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in OPTIONS.items()
    ]
    command.__signature__ = signature.replace(parameters=[argument, *added, *own])  # type: ignore[attr-defined]
    return command
