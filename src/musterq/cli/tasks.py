"""``musterq tasks`` and ``musterq task``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from musterq.cli.documents import decoded, task_document
from musterq.cli.errors import CommandError, refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, TaskId, examples
from musterq.cli.output import note, say_json, visible
from musterq.cli.tables import Column, say_pairs, say_table
from musterq.cli.task_past import say_past
from musterq.cli.words import short_duration
from musterq.models import Task, TaskStatus

commands = typer.Typer()

Status = Annotated[TaskStatus | None, typer.Option(help="Only tasks of this status.")]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only tasks of this type.")]
Limit = Annotated[int, typer.Option(metavar="N", help="How many tasks to show.")]
After = Annotated[str | None, typer.Option(metavar="CURSOR", help="Go on where the page with this cursor ended.")]

COLUMNS = (
    Column("ID", number=True),
    Column("TYPE"),
    Column("STATUS", whole=True),
    Column("PRIORITY", number=True),
    Column("ATTEMPTS", number=True),
    Column("AGE", number=True),
    Column("NOTE", aside=True),
)
FIRST = ("id", "type", "status", "error_message", "attempts", "crashes", "priority", "progress", "progress_message")
LAST = ("headers", "compatibility", "payload", "result")


@commands.command(
    epilog=examples(
        "musterq tasks --status failed --type thumbnail",
        "musterq tasks --status failed --json | jq -r '.items[].id' | xargs musterq retry",
    )
)
def tasks(
    *,
    status: Status = None,
    type: Type = None,
    limit: Limit = 50,
    after: After = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, the newest first."""
    with existing_queue(database) as queue, refusals_are_usage_errors():
        page = queue.find(status=status, type=type, limit=limit, after=after)
    if as_json:
        say_json({"items": [task_document(task) for task in page], "cursor": page.cursor})
        return
    say_table(COLUMNS, [_row(task) for task in page])
    if page.cursor is not None:
        note(f"more with: --after {page.cursor}")
    elif not page:
        note("there are no such tasks")


@commands.command(epilog=examples("musterq task 17"))
def task(id: TaskId, *, database: Database = None, as_json: AsJson = False) -> None:
    """Show all about one task, with its attempts and its log."""
    from musterq.monitoring import QueueMonitoring

    with existing_queue(database) as queue:
        found = queue.get(id)
        explained = QueueMonitoring(queue.database).explain(id)
    if found is None or explained is None:
        raise CommandError(f"there is no task {id}; list the tasks with: musterq tasks")
    if as_json:
        past = {"past_attempts": explained["attempts"], "rescues": explained["rescues"], "logs": explained["logs"]}
        say_json(task_document(found) | past)
    else:
        say_pairs(list(_facts(found).items()))
        say_past(explained)


def _row(task: Task) -> tuple[str, ...]:
    attempts = f"{task.attempts}/{task.max_attempts}"
    return (str(task.id), task.type, task.status, str(task.priority), attempts, _age(task), _note(task))


def _age(task: Task) -> str:
    return short_duration(_seconds_since(task.created_at_utc)) if task.created_at_utc else "–"


def _note(task: Task) -> str:
    """What one wants to know next about a task of this status."""
    parts = []
    if task.status == TaskStatus.PROCESSING:
        parts.append(_at_work(task))
    if task.held:
        parts.append(f"waits for others of its concurrency key {task.concurrency_key}")
    if _waits_for_others(task):
        parts.append(f"waits for {task.awaits} task{'' if task.awaits == 1 else 's'}")
    elif task.status == TaskStatus.SCHEDULED and task.run_after_utc is not None:
        wait = -_seconds_since(task.run_after_utc)
        parts.append(f"due in {short_duration(wait)}" if wait >= 1 else "due now")
    if task.error_message and task.status != TaskStatus.COMPLETED:
        parts.append(task.error_message)
    return "; ".join(parts)


def _waits_for_others(task: Task) -> bool:
    return task.status == TaskStatus.SCHEDULED and bool(task.awaits)


def _at_work(task: Task) -> str:
    doing = f"at {task.locked_by}"
    if task.progress is not None:
        doing += f", {task.progress * 100:.0f} %"
    return doing + (f" {task.progress_message}" if task.progress_message else "")


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()


def _facts(task: Task) -> dict[str, str]:
    """Names and values, without what says nothing about this task."""
    document = task.to_dict()
    document["attempts"] = f"{task.attempts} of {task.max_attempts}"
    document["crashes"] = f"{task.crashes} of {task.max_crashes}"
    if task.awaits:
        document["run_after_utc"] = None  # far away, and no moment to tell
    others = [name for name in document if name not in (*FIRST, *LAST, "max_attempts", "max_crashes")]
    facts = {name: document[name] for name in (*FIRST, *others, *LAST)}
    return {_title(name): _shown(name, value) for name, value in facts.items() if value not in (None, False)}


def _title(name: str) -> str:
    return name.removesuffix("_utc").replace("_", " ")


def _shown(name: str, value: Any) -> str:
    if name in LAST:
        return visible(_pretty(value))
    if value is True:  # what is not so is left out
        return "yes"
    return f"{value} UTC" if name.endswith("_utc") else visible(str(value))


def _pretty(text: str) -> str:
    value = decoded(text)
    return text if value == text else json.dumps(value, indent=2, ensure_ascii=False)
