"""Log lines on stderr, as text or as JSON: set up by a worker, and by each of its child processes."""

from __future__ import annotations

import logging
from typing import Any

from musterq.monitoring.json_log import JsonFormatter
from musterq.visible_text import on_one_line, visible


class TextFormatter(logging.Formatter):
    """Lines that can neither steer a terminal nor pretend to be other lines, whatever a handler's error holds."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The line."""
        return on_one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        """The lines of a traceback."""
        return visible(super().formatException(ei))


def log_to_stderr(level: str, task_log_level: str = "off", *, as_json: bool = False) -> None:
    """Let log lines go to stderr; a program that has set up ``logging`` by itself keeps its own way.

    Where it has not, lines that are to be kept with tasks come to be, too, although they may be beneath ``level``.
    """
    lines = logging.StreamHandler()
    lines.setFormatter(JsonFormatter() if as_json else TextFormatter())
    levels = logging.getLevelNamesMapping()
    others = max(logging.INFO, levels[level.upper()])  # what the program says, and not musterq
    kept = levels.get(task_log_level.upper(), others)
    if kept < others:
        lines.addFilter(lambda record: record.levelno >= others or record.name.startswith("musterq."))
    logging.basicConfig(handlers=[lines], level=min(others, kept))
    logging.getLogger("musterq").setLevel(level.upper())
