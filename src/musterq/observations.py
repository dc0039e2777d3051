"""What is seen of a queue: what happened, when, and how its workers answer what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """Workers that handle a type but do not satisfy what is asked, all in the same requirements.

    Attributes:
        workers: how many.
        lacks: these requirements, by the name of the capability.
        has: what they have under these names, where they have anything: some of the different values, the best first.
    """

    workers: int
    lacks: Mapping[str, Any]
    has: Mapping[str, Sequence[Any]]


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """Why no worker can take a task: in a sentence, and the workers that come near it, the nearest first."""

    reason: str
    misses: tuple[Miss, ...] = ()


class Unservable(msgspec.Struct, frozen=True, kw_only=True):
    """The waiting tasks of one type and compatibility (JSON text), where no worker can take them, and why none can."""

    type: str
    compatibility: str
    waiting: int
    oldest_age_seconds: float | None
    shortfall: Shortfall


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers are meant to be at work that handle all these types and satisfy what is asked.

    Attributes:
        types: None: whatever they handle.
        capabilities: what they must satisfy, as the compatibility of a task; JSON text.
    """

    name: str
    count: int
    types: tuple[str, ...] | None = None
    capabilities: str = "{}"


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that takes no tasks (any more), why, and when it was last seen to be well (text)."""

    worker_id: str
    host: str | None
    reason: str
    last_seen_utc: str


class Turnout(msgspec.Struct, frozen=True, kw_only=True):
    """How an expectation is met: how many such workers take tasks, and which one was the last that ceased to."""

    expectation: Expectation
    alive: int
    last: Gone | None

    @property
    def missing(self) -> int:
        """How many fewer there are than were expected."""
        return max(0, self.expectation.count - self.alive)


#: What is tallied, in the order of a task's life, and what is looked at once a minute.
TALLIED = (
    "enqueued",
    "started",
    "completed",
    "failed",
    "cancelled",
    "expired",
    "retried",
    "released",
    "rescued",
    "crashed",
    "refused",
)
GAUGES = ("depth", "active_workers", "utilisation")
#: How long what happened in each minute, hour and day is kept.
KEPT_SECONDS = {"minute": 2 * 86400, "hour": 60 * 86400, "day": 3 * 365 * 86400}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened, and the times that it took together, by buckets of `musterq.histogram`.

    Of a gauge (``depth``, ``active_workers``, ``utilisation``): the mean is ``ms / n``.
    """

    n: int = 0
    ms: int = 0
    buckets: Mapping[int, int] = {}


class HistoryCell(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one step of a range, of one type (empty: of all types together)."""

    place: int  # of the step, from 0
    type: str
    what: str
    tally: Tally


class HistoryRange(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time in steps, by the minutes, hours or days that are kept (``span``).

    Attributes:
        start: when it begins, in epoch seconds; a multiple of the step.
        step_seconds: a multiple of the span.
        steps: how many.
        span: ``minute``, ``hour`` or ``day``.
    """

    start: int
    step_seconds: int
    steps: int
    span: str

    @property
    def end(self) -> int:
        """When it ends, in epoch seconds."""
        return self.start + self.steps * self.step_seconds
