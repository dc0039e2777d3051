"""``musterq schedules``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musterq.cli.documents import decoded
from musterq.cli.errors import CommandError, UsageError, refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import note, say, say_json, visible
from musterq.cli.tables import Column, say_table

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue
    from musterq.records import Schedule

commands = typer.Typer()

COLUMNS = (
    Column("SCHEDULE"),
    Column("TYPE", aside=True),
    Column("TIMING", whole=True),
    Column("ZONE", whole=True, aside=True),
    Column("NEXT (UTC)", whole=True),
    Column("LAST (UTC)", whole=True, aside=True),
    Column("PAUSED", whole=True, aside=True),
)


def _name(option: str, what: str) -> Any:
    return typer.Option(option, metavar="NAME", help=what, show_default=False)


@commands.command(
    epilog=examples("musterq schedules", "musterq schedules --pause nightly", "musterq schedules --remove nightly")
)
def schedules(
    *,
    pause: Annotated[str | None, _name("--pause", "Let this one tick no more until it is resumed.")] = None,
    resume: Annotated[str | None, _name("--resume", "Let a paused one tick again, from now on.")] = None,
    remove: Annotated[str | None, _name("--remove", "Forget this one; its code would bring it back.")] = None,
    trigger: Annotated[str | None, _name("--trigger", "Enqueue the task of this one now, beside its ticks.")] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List what the clock enqueues, or change a schedule.

    Times are in UTC. A worker that starts writes the schedules of its code; those whose code is gone go on until
    they are removed.
    """
    asked = {"pause": pause, "resume": resume, "remove": remove, "trigger": trigger}
    given = {action: name for action, name in asked.items() if name is not None}
    if len(given) > 1:
        raise UsageError(f"give one of {' and '.join('--' + action for action in given)} at a time")
    with existing_queue(database) as queue, refusals_are_usage_errors():
        if given:
            ((action, name),) = given.items()
            _change(queue, action, name, as_json=as_json)
        else:
            _list(queue.schedules(), as_json=as_json)


def _change(queue: TaskQueue, action: str, name: str, *, as_json: bool) -> None:
    known = {schedule.name: schedule for schedule in queue.schedules()}
    if name not in known:
        there = ", ".join(map(repr, known)) or "none"
        raise CommandError(f"there is no schedule {name!r}; there are: {there}")
    changes: dict[str, Callable[[], str]] = {
        "pause": lambda: _paused(queue, name),
        "resume": lambda: "is resumed" if queue.resume_schedule(name) else "was not paused",
        "remove": lambda: "is removed" if queue.remove_schedule(name) else "is gone already",
        "trigger": lambda: f"is triggered: task {queue.trigger(name).id} is in the queue",
    }
    said = changes[action]()
    if as_json:
        left = [schedule for schedule in queue.schedules() if schedule.name == name]
        say_json({"name": name, "schedule": _document(left[0]) if left else None})
    else:
        say(visible(f"{name} {said}"))


def _paused(queue: TaskQueue, name: str) -> str:
    queue.pause_schedule(name)
    return f"is paused; go on with: musterq schedules --resume {name}"


def _list(found: list[Schedule], *, as_json: bool) -> None:
    if as_json:
        say_json({"items": [_document(schedule) for schedule in found]})
        return
    say_table(COLUMNS, [_row(schedule) for schedule in found])
    if not found:
        note("there are no schedules; a worker writes those that its code defines with @queue.cron or @queue.every")


def _row(schedule: Schedule) -> tuple[str, ...]:
    return (
        schedule.name,
        schedule.type,
        schedule.timing,
        schedule.timezone,
        _moment(schedule.next_at),
        "–" if schedule.last_at is None else _moment(schedule.last_at),
        "paused" if schedule.paused else "–",
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _document(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "type": schedule.type,
        "timing": schedule.timing,
        "timezone": schedule.timezone,
        "catch_up": schedule.catch_up,
        "task": decoded(schedule.task),
        "next_at": schedule.next_at.isoformat(),
        "last_at": None if schedule.last_at is None else schedule.last_at.isoformat(),
        "paused": schedule.paused,
    }
