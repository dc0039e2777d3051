"""What is enqueued by the clock: cron expressions and intervals on handlers, and the schedules in the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Unpack

from musterq.checks import check_key
from musterq.cron import CatchUp, check_catch_up, check_cron, check_interval, check_timezone, next_tick
from musterq.queue.attempts import Attempts
from musterq.queue.handles import Handle
from musterq.queue.producing import TaskDecorator
from musterq.queue.schedules import Recurrence, TickOptions, task_beside
from musterq.queue.tasks import TaskDefinition
from musterq.records import Schedule
from musterq.scalars import shown


class Recurring(Attempts):
    """Defines schedules, and moves those that are in the database."""

    def cron(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        catch_up: str = CatchUp.LATEST.value,
        name: str | None = None,
        payload: dict[str, Any] | None = None,
        **options: Unpack[TickOptions],
    ) -> TaskDecorator:
        """Enqueue a task whenever a cron expression says so: ``@queue.cron("*/5 * * * *")`` above ``@queue.task``.

        Args:
            expression: minute, hour, day of the month, month, day of the week; six fields begin with the second.
            timezone: whose clocks are meant, such as ``Europe/Berlin``.
            catch_up: what becomes of the ticks that came while no worker ran: ``latest``, one task for all of
                them; ``all``, a task for each, in order (at most the last thousand); ``skip``, none.
            name: of the schedule; None: the type of the task, with the timing behind it where that is taken.
            payload: the arguments of the handler.
            options: of the tasks, as `enqueue` explains them.

        Raises:
            TypeError, ValueError: an argument is not allowed, or the handler cannot be called with the payload.
        """
        recurrence = Recurrence(
            timing=check_cron(expression),
            timezone=check_timezone(timezone),
            catch_up=check_catch_up(catch_up).value,
            name=name,
            payload=payload,
            options=options,
        )
        decorator: TaskDecorator = self._decorator(recurrence)
        return decorator

    def every(
        self,
        seconds: float | timedelta,
        *,
        catch_up: str = CatchUp.LATEST.value,
        name: str | None = None,
        payload: dict[str, Any] | None = None,
        **options: Unpack[TickOptions],
    ) -> TaskDecorator:
        """Enqueue a task every so many seconds, at whole multiples of them since 1970 (UTC).

        The other arguments are those of `cron`.

        Raises:
            TypeError, ValueError: an argument is not allowed, or the handler cannot be called with the payload.
        """
        recurrence = Recurrence(
            timing=check_interval(seconds),
            timezone="UTC",
            catch_up=check_catch_up(catch_up).value,
            name=name,
            payload=payload,
            options=options,
        )
        decorator: TaskDecorator = self._decorator(recurrence)
        return decorator

    def save_schedules(self) -> list[str]:
        """Write the schedules that are defined here into the database; a worker does it when it starts.

        One whose timing and time zone are as before keeps its next tick. Returns the names of those that were new or
        had changed.
        """
        storage = self.storage
        return [each.name for each in self._book.as_of(storage.clock.now()) if storage.save_schedule(each)]

    def schedules(self) -> list[Schedule]:
        """The schedules that are in the database, by name, whether their code is still there or not."""
        return self.storage.schedules()

    def pause_schedule(self, name: str) -> bool:
        """Let a schedule tick no more until `resume_schedule`. False: there is none of this name."""
        return self.storage.pause_schedule(check_key("name", name))

    def resume_schedule(self, name: str) -> bool:
        """End the pause of a schedule; its ticks of that time are not caught up with. False: there was no pause.

        Raises:
            ValueError: somebody spoiled its timing or time zone in the database.
        """
        schedule = self._schedule_named(name)
        if schedule is None:
            return False
        following = next_tick(schedule.timing, schedule.timezone, self.storage.clock.now())
        return self.storage.resume_schedule(schedule.name, following)

    def remove_schedule(self, name: str) -> bool:
        """Forget a schedule; a worker that starts with its code writes it again. False: there is none of this name."""
        return self.storage.remove_schedule(check_key("name", name))

    def trigger(self, name: str) -> Handle[Any]:
        """Enqueue the task of a schedule now, beside its ticks.

        Raises:
            ValueError: there is no schedule of this name.
        """
        schedule = self._schedule_named(name)
        if schedule is None:
            known = ", ".join(repr(each.name) for each in self.schedules()) or "none; a worker that starts writes them"
            raise ValueError(f"there is no schedule {shown(name)}; there are: {known}")
        return self.put(task_beside(schedule, self.storage.clock.now()))

    def _schedule_named(self, name: str) -> Schedule | None:
        wanted = check_key("name", name)
        return next((schedule for schedule in self.schedules() if schedule.name == wanted), None)

    def _decorator(self, recurrence: Recurrence) -> Any:
        return lambda function: self._schedule(function, recurrence)

    def _schedule(self, function: Any, recurrence: Recurrence) -> TaskDefinition[..., Any]:
        definition = function if isinstance(function, TaskDefinition) else self._implied(function)
        if self._definitions.get(definition.type) is not definition:
            raise ValueError(f"{definition!r} is a task of another queue; use the cron or every of that queue")
        self._book.add(definition, recurrence)
        return definition

    def _implied(self, function: Callable[..., Any]) -> TaskDefinition[..., Any]:
        definition = self._define(None, function, {})
        self._book.implied.add(definition)
        return definition

    def _define(self, type: str | None, function: Callable[..., Any], options: Any) -> TaskDefinition[..., Any]:
        """Also ``@queue.task`` above a schedule, which had to make a task of the plain function first."""
        if not isinstance(function, TaskDefinition) or function not in self._book.implied:
            return super()._define(type, function, options)
        self._book.implied.remove(function)
        del self._definitions[function.type]
        definition = super()._define(type, function.function, options)
        self._book.move(function, definition)
        return definition
