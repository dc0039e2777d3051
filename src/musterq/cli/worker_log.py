"""What a worker says while it works: how it starts, and the sums at its end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue
    from musterq.worker.options import WorkerOptions


class LogLevel(StrEnum):
    """How much a worker tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """What a log line is."""

    TEXT = "text"
    JSON = "json"


class Tally:
    """Counts how the attempts of a worker ended."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("completed", "failed", "retried", "cancelled", "released", "crashed"), 0)

    def __call__(self, name: str, _facts: Mapping[str, object]) -> None:
        """Note one event."""
        noun, _, ending = name.partition(".")
        if noun == "task" and ending in self.counts:
            self.counts[ending] += 1


def announce(target: str, queue: TaskQueue, types: Iterable[str], options: WorkerOptions) -> None:
    """Say what starts here, where, what it takes and what it offers."""
    from importlib.metadata import version

    queue.events.emit(
        "worker.announced",
        version=version("musterq"),
        target=target,
        database=queue.database.location,
        takes=", ".join(sorted(types)),
        offers=json.dumps(options.capabilities) if options.capabilities else "no capabilities",
    )
