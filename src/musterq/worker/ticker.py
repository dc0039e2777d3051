"""What enqueues the tasks of schedules when their ticks come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from musterq.cron import DueTicks, due_ticks
from musterq.events import Events
from musterq.models import Enqueued
from musterq.queue.schedules import tasks_of
from musterq.records import Schedule
from musterq.storage.base import Storage
from musterq.tracing import traced_write

LONGEST_SECONDS = 1.0  # so soon is a schedule noticed that somebody else writes
LEAST_SECONDS = 0.001
BROKEN_SECONDS = 0.05  # what cannot tick is due for ever, and must not keep the others from ticking in time


class Ticker:
    """Moves every due schedule on, whoever defined it; of several workers the first one does it."""

    def __init__(self, storage: Storage, events: Events) -> None:
        self._storage = storage
        self._events = events
        self._broken: set[Schedule] = set()  # those that were told of

    def run(self) -> None:
        """Do what is due."""
        due = self._storage.due_schedules()
        self._broken.intersection_update(due)
        for schedule in due:
            self._tick(schedule)

    def seconds_to_next(self) -> float:
        """How long to wait before the next `run`."""
        seconds = self._storage.seconds_to_next_tick()
        least = BROKEN_SECONDS if self._broken else LEAST_SECONDS
        return LONGEST_SECONDS if seconds is None else min(LONGEST_SECONDS, max(least, seconds))

    def _tick(self, schedule: Schedule) -> None:
        now = self._storage.clock.now()
        try:
            due = due_ticks(schedule.timing, schedule.timezone, schedule.catch_up, schedule.next_at, now)
            tasks = tasks_of(schedule, due.ticks, now)
        except ValueError as error:
            self._tell_once(schedule, error)
            return
        write = partial(self._storage.tick, schedule, due.following)
        made = traced_write(self._events.tracer, tasks, write, many=len(tasks) > 1)
        if made is not None:
            self._tell(schedule, due, made)

    def _tell(self, schedule: Schedule, due: DueTicks, made: Sequence[Enqueued]) -> None:
        for enqueued in made:
            self._events.emit("task.enqueued", task_id=enqueued.id, type=schedule.type)
        if made:
            ids = tuple(enqueued.id for enqueued in made)
            self._events.emit("schedule.ticked", schedule=schedule.name, type=schedule.type, task_ids=ids)
        if due.skipped:
            self._events.emit(
                "schedule.missed", schedule=schedule.name, type=schedule.type, missed=due.skipped, enqueued=len(made)
            )

    def _tell_once(self, schedule: Schedule, error: ValueError) -> None:
        if schedule not in self._broken:
            self._broken.add(schedule)
            self._events.emit("schedule.failed", schedule=schedule.name, type=schedule.type, error=str(error))
