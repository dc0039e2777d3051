"""What a worker says while it works: log lines on stderr, and the sums at its end."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from musterq.cli.output import on_one_line, visible

if TYPE_CHECKING:
    from musterq.events import Events
    from musterq.queue.task_queue import TaskQueue
    from musterq.worker.options import WorkerOptions


class LogLevel(StrEnum):
    """How much a worker tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Tally:
    """Counts how the attempts of a worker ended."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("completed", "failed", "retried", "cancelled", "released", "crashed"), 0)

    def __call__(self, name: str, _facts: Mapping[str, object]) -> None:
        """Note one event."""
        noun, _, ending = name.partition(".")
        if noun == "task" and ending in self.counts:
            self.counts[ending] += 1


class _TextOnly(logging.Formatter):
    """Lines that can neither steer a terminal nor pretend to be other lines, whatever a handler's error holds."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        return on_one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return visible(super().formatException(ei))


def log_to_stderr(events: Events, level: LogLevel, task_log_level: str = "off") -> None:
    """Log what happens; a program that has set up ``logging`` by itself keeps its own way.

    Where it has not, lines that are to be kept with tasks come to be, too, although they may be beneath ``level``.
    """
    from musterq.monitoring.log import log_events

    lines = logging.StreamHandler()
    lines.setFormatter(_TextOnly("%(asctime)s %(levelname)-7s %(message)s"))
    levels = logging.getLevelNamesMapping()
    others = max(logging.INFO, levels[level.upper()])  # what the program says, and not musterq
    kept = levels.get(task_log_level.upper(), others)
    if kept < others:
        lines.addFilter(lambda record: record.levelno >= others or record.name.startswith("musterq."))
    logging.basicConfig(handlers=[lines], level=min(others, kept))
    logging.getLogger("musterq").setLevel(level.upper())
    log_events(events)


def announce(target: str, queue: TaskQueue, types: Iterable[str], options: WorkerOptions) -> None:
    """Say what starts here, where, what it takes and what it offers."""
    from importlib.metadata import version

    logging.getLogger("musterq.worker").info(
        "musterq %s: a worker for %s on %s; takes %s; offers %s; Ctrl-C or SIGTERM stops it",
        version("musterq"),
        target,
        queue.database.location,
        ", ".join(sorted(types)),
        json.dumps(options.capabilities) if options.capabilities else "no capabilities",
    )
