"""``musterq enqueue``."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.opening import opened_database
from musterq.cli.options import AsJson, Database, TaskType, examples
from musterq.cli.output import say, say_json
from musterq.models import DEFAULT_MAX_ATTEMPTS, DEFAULT_PRIORITY

commands = typer.Typer()

Payload = Annotated[
    str, typer.Argument(metavar="[PAYLOAD|-]", help="JSON; an object becomes keyword arguments. -: read it from stdin.")
]
Priority = Annotated[int, typer.Option(metavar="N", help="1 to 1000; lower runs first.")]
Delay = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Run it so many seconds from now at the earliest.")
]
Key = Annotated[str | None, typer.Option(metavar="TEXT", help="Idempotency key: a second task with it is not added.")]
MaxAttempts = Annotated[int, typer.Option(metavar="N", help="How often it may be tried.")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="After so long in one attempt, a TaskTimeout is raised in its handler."),
]
HardTimeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="It runs in a child process, which is killed after so long in one attempt."),
]
ConcurrencyKey = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Of the tasks with this key, one runs at a time, or --concurrency-limit."),
]
ConcurrencyLimit = Annotated[
    int | None, typer.Option(metavar="N", help="How many tasks of its --concurrency-key may run at once.")
]
ExpiresIn = Annotated[float | None, typer.Option(metavar="SECONDS", help="It fails if it was not started by then.")]
Compatibility = Annotated[str, typer.Option(metavar="JSON", help="What it asks of a worker.")]


@commands.command(
    epilog=examples(
        """musterq enqueue thumbnail '{"path": "a.png"}' --priority 5""",
        """musterq enqueue thumbnail - --compatibility '{"gpu": true}' < payload.json""",
    )
)
def enqueue(
    type: TaskType,
    payload: Payload = "{}",
    *,
    priority: Priority = DEFAULT_PRIORITY,
    delay: Delay = None,
    key: Key = None,
    max_attempts: MaxAttempts = DEFAULT_MAX_ATTEMPTS,
    timeout: Timeout = None,
    hard_timeout: HardTimeout = None,
    expires_in: ExpiresIn = None,
    concurrency_key: ConcurrencyKey = None,
    concurrency_limit: ConcurrencyLimit = None,
    compatibility: Compatibility = "{}",
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Put a task into the queue, and print its number.

    No code of yours is loaded here. So the payload is not compared with the handler's parameters, and options that
    stand in its definition, such as a timeout, do not hold: give those that it needs.
    """
    from musterq.queue.task_queue import TaskQueue

    with opened_database(database) as opened, refusals_are_usage_errors():
        handle = TaskQueue(opened).enqueue(
            type,
            _decoded("the payload", _from_stdin() if payload == "-" else payload),
            priority=priority,
            delay=delay,
            idempotency_key=key,
            max_attempts=max_attempts,
            timeout=timeout,
            hard_timeout=hard_timeout,
            concurrency_key=concurrency_key,
            concurrency_limit=concurrency_limit,
            expires_in=expires_in,
            compatibility=_decoded("--compatibility", compatibility),
        )
    _report(handle.id, created=handle.created, key=key, as_json=as_json)


def _report(task_id: int, *, created: bool, key: str | None, as_json: bool) -> None:
    if as_json:
        say_json({"id": task_id, "created": created})
    elif created:
        say(f"task {task_id} is in the queue")
    else:
        say(f"task {task_id} has the key {key} already; nothing was added")


def _from_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"stdin is not UTF-8 text: byte {error.start} cannot be read; send UTF-8") from error


def _decoded(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise UsageError(f"{what} is not JSON: {found}: {_around(text, error.pos)}") from error
    except RecursionError as error:
        raise UsageError(f"{what} is nested too deep; put the data into a file and pass its path") from error


def _around(text: str, position: int) -> str:
    near = text[max(0, position - 20) : position] + "▸" + text[position : position + 20]
    return near.strip() if text.strip() else "it is empty"
