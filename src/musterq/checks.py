"""Everything that a caller gives is checked here, before anything is written.

Each check returns the value as it is stored, or raises a TypeError or ValueError that names the
argument, shows the value, and says what to give instead.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from musterq.json_text import json_object_text, json_text
from musterq.matching import check_compatibility
from musterq.models import NewTask, RetryPolicy, SchedulingStrategy
from musterq.retry import check_retry
from musterq.scalars import (
    check_key,
    check_limit,
    check_moment,
    check_positive_int,
    check_priority,
    check_seconds,
    check_status,
    check_strategy,
    check_type,
    check_types,
    check_worker_id,
    shown,
)

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "SharedOptions",
    "TaskOptions",
    "capabilities_text",
    "check_key",
    "check_limit",
    "check_max_wait",
    "check_moment",
    "check_positive_int",
    "check_priority",
    "check_retry",
    "check_seconds",
    "check_status",
    "check_strategy",
    "check_type",
    "check_types",
    "check_worker_id",
    "compatibility_text",
    "headers_text",
    "new_task",
    "payload_text",
    "result_text",
]

MAX_PAYLOAD_BYTES = 1024 * 1024
MAX_FACTS_BYTES = 64 * 1024  # capabilities, compatibility, headers
MAX_BUDGET = 1_000_000  # attempts, crashes
MAX_PER_KEY = 10_000
SHORTEST_SECONDS = 0.001  # of a time limit or a life, which zero would end before it begins


class SharedOptions(TypedDict, total=False):
    """What many tasks may have in common, whenever they are enqueued. Times are in seconds."""

    priority: int
    compatibility: dict[str, Any] | None
    max_attempts: int
    max_crashes: int
    expires_in: float | None
    retry: RetryPolicy | dict[str, float] | None
    timeout: float | None
    hard_timeout: float | None
    concurrency_key: str | None
    concurrency_limit: int | None


class TaskOptions(SharedOptions, total=False):
    """What may be said of a task beside its type and payload. Times are in seconds, or aware datetimes."""

    delay: float | None
    run_at: datetime | None
    expires_at: datetime | None
    idempotency_key: str | None
    headers: dict[str, str] | None


def payload_text(value: object, max_bytes: int = MAX_PAYLOAD_BYTES) -> str:
    """A payload as JSON text."""
    return json_text("payload", value, max_bytes)


def result_text(value: object, max_bytes: int = MAX_PAYLOAD_BYTES) -> str:
    """What a handler returned, as JSON text."""
    return json_text("result", value, max_bytes)


def capabilities_text(value: dict[str, Any] | None) -> str:
    """Capabilities exactly as the standard `json.dumps` writes them; None: ``{}``."""
    return json_object_text("capabilities", {} if value is None else value, MAX_FACTS_BYTES)


def compatibility_text(value: dict[str, Any] | None, argument: str = "compatibility") -> str:
    """A compatibility in one form only, keys sorted, since its text makes the lane; None: ``{}``."""
    if not value and (value is None or isinstance(value, dict)):
        return "{}"
    text = json_object_text(argument, value, MAX_FACTS_BYTES, sort_keys=True)
    check_compatibility(value, argument)
    return text


def headers_text(value: dict[str, str] | None) -> str | None:
    """Headers (text to text, for trace context and the like) as JSON text; None stays None."""
    if value is None:
        return None
    text = json_object_text("headers", value, MAX_FACTS_BYTES)
    for name, header in value.items():
        if not isinstance(header, str):
            raise TypeError(f"headers[{shown(name)}]={shown(header)} is a {type(header).__name__}; give a text")
    return text


def check_max_wait(value: object, strategy: SchedulingStrategy) -> float | None:
    """How long a task may wait before it is next, in seconds; only PRIORITY lets any wait for others."""
    if value is None:
        return None
    if strategy is not SchedulingStrategy.PRIORITY:
        raise ValueError(
            f"max_wait={shown(value)} is for the strategy priority, and not for {strategy}, which lets no task wait for"
            f" more urgent ones; leave it out"
        )
    return check_seconds("max_wait", value)


def new_task(
    type: object,
    payload: object,
    *,
    now: Callable[[], datetime],
    max_payload_bytes: int = MAX_PAYLOAD_BYTES,
    **options: Unpack[TaskOptions],
) -> NewTask:
    """A checked task, ready to be written; ``now`` is asked only for times that count from now.

    Raises:
        TypeError: an argument is of the wrong kind, or there is no such option.
        ValueError: a value that cannot be, two options that contradict each other, or a task that
            would expire before it is due.
    """
    name = check_type(type)
    text = payload_text(payload, max_payload_bytes)
    return NewTask(type=name, payload=text, **_checked(options, now)) if options else NewTask(type=name, payload=text)


def _checked(options: TaskOptions, now: Callable[[], datetime]) -> dict[str, Any]:
    """The options by the names of `NewTask`; what is None is left at its default."""
    fields: dict[str, Any] = {}
    for option, value in options.items():
        if option not in _FIELDS:
            raise TypeError(f"there is no option {shown(option)}; give some of: {', '.join(_FIELDS)}")
        if value is None and option not in _NEVER_NONE:
            continue
        field, check = _FIELDS[option]
        if field in fields:
            raise ValueError(f"{option}={shown(value)} says again what another option says; give one of them")
        fields[field] = check(value)
    if "hard_timeout_seconds" in fields:
        _check_limits(fields)
    if "concurrency_limit" in fields and "concurrency_key" not in fields:
        raise ValueError(
            f"concurrency_limit={fields['concurrency_limit']} is given without a concurrency_key; give the key, or"
            f" limit the type with set_limit()"
        )
    return _with_moments(fields, now) if not _MOMENTS.isdisjoint(fields) else fields


def _check_limits(fields: dict[str, Any]) -> None:
    soft, hard = fields.get("timeout_seconds"), fields["hard_timeout_seconds"]
    if soft is not None and hard < soft:
        raise ValueError(
            f"hard_timeout={shown(hard)} is less than timeout={shown(soft)}, so that the handler would be killed"
            f" before it is told; give as much or more"
        )


def _with_moments(fields: dict[str, Any], now: Callable[[], datetime]) -> dict[str, Any]:
    counted = [field for field in _MOMENTS & fields.keys() if isinstance(fields[field], float)]
    start = now() if counted else None  # asked once, so that equal delays end at the same moment
    for field in counted:
        fields[field] = start + timedelta(seconds=fields[field]) if start and fields[field] else None
    due, expires = fields.get("run_after"), fields.get("expires_at")
    if due is not None and expires is not None and expires <= due:
        raise ValueError(f"the task would expire at {expires}, before it is due at {due}; let it live longer")
    return fields


#: Option to the field of `NewTask` and the check that gives its value; moments may still be seconds from now.
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "priority": ("priority", check_priority),
    "compatibility": ("compatibility", compatibility_text),
    "max_attempts": ("max_attempts", lambda value: check_positive_int("max_attempts", value, MAX_BUDGET)),
    "max_crashes": ("max_crashes", lambda value: check_positive_int("max_crashes", value, MAX_BUDGET)),
    "delay": ("run_after", lambda value: check_seconds("delay", value)),
    "run_at": ("run_after", lambda value: check_moment("run_at", value)),
    "expires_in": ("expires_at", lambda value: check_seconds("expires_in", value, minimum=SHORTEST_SECONDS)),
    "expires_at": ("expires_at", lambda value: check_moment("expires_at", value)),
    "idempotency_key": ("idempotency_key", lambda value: check_key("idempotency_key", value)),
    "headers": ("headers", headers_text),
    "retry": ("retry", check_retry),
    "timeout": ("timeout_seconds", lambda value: check_seconds("timeout", value, minimum=SHORTEST_SECONDS)),
    "hard_timeout": (
        "hard_timeout_seconds",
        lambda value: check_seconds("hard_timeout", value, minimum=SHORTEST_SECONDS),
    ),
    "concurrency_key": ("concurrency_key", lambda value: check_key("concurrency_key", value)),
    "concurrency_limit": (
        "concurrency_limit",
        lambda value: check_positive_int("concurrency_limit", value, MAX_PER_KEY),
    ),
}
_NEVER_NONE = frozenset({"priority", "max_attempts", "max_crashes"})
_MOMENTS = frozenset({"run_after", "expires_at"})
