"""What can be looked at, and what is wanted of the database for it."""

from __future__ import annotations

from enum import Enum, StrEnum

import msgspec

from musterq.models import TaskStatus


class Kind(StrEnum):
    """Places: four pages, and what is opened from them."""

    TYPES = "types"
    WORKERS = "workers"
    TASKS = "tasks"
    HEALTH = "health"
    WORKER = "worker"
    TASK = "task"


PAGES = (Kind.TYPES, Kind.WORKERS, Kind.TASKS, Kind.HEALTH)


class Span(Enum):
    """How far back the small charts go: seconds, seconds of a step, and the word for it."""

    HOUR = (3_600, 60, "1 hour")
    LIVE = (0, 0, "live")
    DAY = (86_400, 1_800, "1 day")

    def __init__(self, seconds: int, step: int, words: str) -> None:
        self.seconds = seconds
        self.step = step
        self.words = words


class Which(msgspec.Struct, frozen=True):
    """Which tasks."""

    status: TaskStatus | None = None
    type: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """What is on show."""

    kind: Kind = Kind.TYPES
    which: Which = Which()
    worker_id: str | None = None
    task_id: int | None = None
    span: Span = Span.HOUR
