"""Log records as JSON: one object a line, whatever is in them."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from typing import Any

from musterq.queue.failures import error_text

DEEPEST = 10  # levels of a value: what contains itself ends there
MOST_BITS = 1023  # of a number: a larger one is no number to most readers of JSON
_OF_EVERY_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_OWN = frozenset({"time", "level", "logger", "message", "exception", "stack"})


class JsonFormatter(logging.Formatter):
    """Makes one JSON object, on one line and in ASCII, of each log record.

    It has ``time`` (UTC, ISO 8601), ``level``, ``logger``, ``message``; of an event of musterq its name as ``event``
    and its facts; of a handler's record ``task_id``, ``attempt`` and ``worker_id``; whatever else was given as
    ``extra``; where there are any, ``exception`` and ``stack`` as text; and ``trace_id`` and ``span_id`` where a span
    of OpenTelemetry is current. What is None is left out. An ``extra`` under a name of these gets a ``_`` behind it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        message = _message_of(record)  # first: it notes the facts of the task in the record
        line: dict[str, object] = {"time": _iso(record.created), "level": record.levelname, "logger": record.name}
        line.update(_event_of(record), message=message)
        line.update(_extras_of(record))
        line.update(self._errors_of(record))
        for name, value in _current_span().items():
            line.setdefault(name, value)
        return json.dumps(json_ready(line, DEEPEST + 1))

    def _errors_of(self, record: logging.LogRecord) -> dict[str, object]:
        errors: dict[str, object] = {}
        if record.exc_info and record.exc_info[0] is not None:
            errors["exception"] = self.formatException(record.exc_info)
        elif record.exc_text:  # it comes from another process
            errors["exception"] = record.exc_text
        if record.stack_info:
            errors["stack"] = self.formatStack(record.stack_info)
        return errors


def json_ready(value: object, levels: int = DEEPEST) -> Any:
    """A value in the types that JSON has; what it has no word for, as text. Whatever it is, it raises nothing."""
    try:
        return _ready(value, levels)
    except Exception:  # noqa: BLE001 - a value may raise anything where it is looked at, and the line is written
        return f"<{type(value).__name__}>"


def _ready(value: object, levels: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _well_formed(str(value))
    if isinstance(value, int):
        return int(value) if value.bit_length() <= MOST_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, Mapping | list | tuple | deque | AbstractSet):
        return _members_ready(value, levels - 1) if levels else "..."
    return _well_formed(_as_text(value))


def _well_formed(text: str) -> str:
    """Without halves of characters, which not every reader of JSON takes: they are shown as escapes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def facts_for_record(facts: Mapping[str, object]) -> dict[str, Any]:
    """Facts as the ``extra`` of a log record, which refuses its own names."""
    return {
        f"{name}_" if name in _OF_EVERY_RECORD else name: json_ready(value)
        for name, value in facts.items()
        if value is not None
    }


def _members_ready(value: Any, levels: int) -> Any:
    if isinstance(value, Mapping):
        return {_key_ready(key): json_ready(member, levels) for key, member in value.items()}
    return [json_ready(member, levels) for member in value]


def _key_ready(key: object) -> str:
    try:
        return _well_formed(str(key))
    except Exception:  # noqa: BLE001 - as in json_ready
        return f"<{type(key).__name__}>"


def _as_text(value: object) -> str:
    if isinstance(value, BaseException):
        return error_text(value)
    if isinstance(value, date):  # or a moment
        return value.isoformat()
    return str(value)


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - a mistake of whoever logs, which must not cost the line
        return f"{json_ready(record.msg)} (its arguments do not fit: {error_text(error)})"


def _event_of(record: logging.LogRecord) -> dict[str, object]:
    event = getattr(record, "event", None)
    return {} if event is None else {"event": json_ready(event)}


def _extras_of(record: logging.LogRecord) -> dict[str, object]:
    return {
        f"{name}_" if name in _OWN else name: json_ready(value)
        for name, value in vars(record).items()
        if name not in _OF_EVERY_RECORD and name != "event" and not name.startswith("_") and value is not None
    }


def _iso(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):  # a record that somebody has made
        return str(seconds)


def _current_span() -> dict[str, str]:
    """That of OpenTelemetry, where the program uses it."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if not hasattr(trace, "get_current_span"):
        return {}
    found = trace.get_current_span().get_span_context()
    return {"trace_id": f"{found.trace_id:032x}", "span_id": f"{found.span_id:016x}"} if found.is_valid else {}
