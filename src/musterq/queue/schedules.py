"""Schedules as the code defines them: what ticks when, and the task that a tick enqueues."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import msgspec
from msgspec.structs import asdict, replace

from musterq.checks import SharedOptions, TaskOptions, check_key
from musterq.cron import next_tick
from musterq.models import NewTask
from musterq.queue.current import TICK_HEADER
from musterq.queue.tasks import TaskDefinition
from musterq.records import Schedule

_NOT_YET = datetime(1970, 1, 1, tzinfo=UTC)


class TickOptions(SharedOptions, total=False):
    """What may be said of the tasks of a schedule; each is explained at `TaskQueue.enqueue`."""

    headers: dict[str, str] | None


class Recurrence(NamedTuple):
    """What was said of a schedule, its timing checked."""

    timing: str
    timezone: str
    catch_up: str
    name: str | None
    payload: dict[str, Any] | None
    options: TickOptions


class TickTask(NewTask, frozen=True, kw_only=True, omit_defaults=True):
    """The task of a schedule as it is stored; it lives for ``expires_in`` seconds from when it is enqueued."""

    expires_in: float | None = None


class ScheduleBook:
    """The schedules that are defined here, by name.

    Attributes:
        implied: the definitions that were made of plain functions, since a schedule was all that was said of these.
    """

    def __init__(self) -> None:
        self.implied: set[TaskDefinition[..., Any]] = set()
        self._schedules: dict[str, Schedule] = {}
        self._recurrences: dict[TaskDefinition[..., Any], list[Recurrence]] = {}

    def add(self, definition: TaskDefinition[..., Any], recurrence: Recurrence) -> None:
        """Have a task enqueued by the clock.

        Raises:
            TypeError, ValueError: the name is taken, or the payload or an option is not allowed.
        """
        schedule = Schedule(
            name=self._free_name(definition.type, recurrence),
            type=definition.type,
            timing=recurrence.timing,
            timezone=recurrence.timezone,
            catch_up=recurrence.catch_up,
            task=msgspec.json.encode(_tick_task(definition, recurrence)).decode(),
            next_at=_NOT_YET,
        )
        self._schedules[schedule.name] = schedule
        self._recurrences.setdefault(definition, []).append(recurrence)

    def move(self, old: TaskDefinition[..., Any], new: TaskDefinition[..., Any]) -> None:
        """Let what was said of one definition be said of another that takes its place."""
        self._schedules = {name: kept for name, kept in self._schedules.items() if kept.type != old.type}
        for recurrence in self._recurrences.pop(old, []):
            self.add(new, recurrence)

    def as_of(self, now: datetime) -> list[Schedule]:
        """All, with their next tick from now."""
        return [
            replace(schedule, next_at=next_tick(schedule.timing, schedule.timezone, now))
            for schedule in self._schedules.values()
        ]

    def _free_name(self, type: str, recurrence: Recurrence) -> str:
        if recurrence.name is None:
            name = type if type not in self._schedules else check_key("name", f"{type} {recurrence.timing}")
        else:
            name = check_key("name", recurrence.name)
        if name in self._schedules:
            raise ValueError(f"there is a schedule {name!r} already; give this one another name=")
        return name


def _tick_task(definition: TaskDefinition[..., Any], recurrence: Recurrence) -> TickTask:
    payload = {} if recurrence.payload is None else recurrence.payload
    for option in recurrence.options:
        if option not in TickOptions.__optional_keys__:
            known = ", ".join(sorted(TickOptions.__optional_keys__))
            raise TypeError(f"a schedule has no option {option!r}; give some of: {known}")
    try:
        definition.parameters.check(payload)
    except TypeError as error:
        raise TypeError(f"a tick cannot call the handler: {error}; give its arguments as payload={{...}}") from None
    task = asdict(definition.build(payload, cast("TaskOptions", recurrence.options)))
    expires_in = recurrence.options.get("expires_in", definition.defaults.get("expires_in"))
    return TickTask(**{**task, "expires_at": None, "expires_in": expires_in})


def tasks_of(schedule: Schedule, ticks: Sequence[datetime], now: datetime) -> list[NewTask]:
    """The tasks that these ticks enqueue now; each has its tick among its headers.

    Raises:
        ValueError: what is stored of the task cannot be read.
    """
    return [_task_of(schedule, {TICK_HEADER: tick.astimezone(UTC).isoformat()}, now) for tick in ticks]


def task_beside(schedule: Schedule, now: datetime) -> NewTask:
    """The task of a schedule, without a tick.

    Raises:
        ValueError: what is stored of the task cannot be read.
    """
    return _task_of(schedule, {}, now)


def _task_of(schedule: Schedule, more_headers: Mapping[str, str], now: datetime) -> NewTask:
    try:
        stored = msgspec.json.decode(schedule.task, type=TickTask)
        headers = {**json.loads(stored.headers or "{}"), **more_headers}
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise ValueError(f"its task is not as a worker writes it: {error}") from error
    fields = asdict(stored)
    lives = fields.pop("expires_in")
    fields["headers"] = json.dumps(headers) if headers else None
    fields["expires_at"] = None if lives is None else now + timedelta(seconds=lives)
    return NewTask(**fields)
