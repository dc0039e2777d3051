"""Checks of the single values that callers give: texts, numbers, moments, choices.

Each returns the value as it is stored, or raises a TypeError (wrong kind) or a ValueError (wrong
value) whose message names the argument, shows what was given, and says what to give instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from reprlib import Repr
from typing import Any, TypeVar

from musterq.models import SchedulingStrategy, TaskStatus

MAX_TEXT = 255
MIN_PRIORITY, MAX_PRIORITY = 1, 1000
MAX_SECONDS = 100 * 365.25 * 86400  # a century: longer is a mistake in the unit
MAX_LIMIT = 10_000
LARGEST_ID = 2**63 - 1

_Word = TypeVar("_Word", bound=str)
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


def shown(value: object) -> str:
    """A value as a message shows it: its repr, shortened."""
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, and the message must still come out
        return f"<{type(value).__name__}>"


def check_type(name: object) -> str:
    """A task type: a text of 1 to 255 characters."""
    return _check_text("type", name)


def check_worker_id(worker_id: object) -> str:
    """A worker id: a text of 1 to 255 characters."""
    return _check_text("worker_id", worker_id)


def check_key(name: str, value: object) -> str:
    """An idempotency or concurrency key: a text of 1 to 255 characters."""
    return _check_text(name, value)


def check_types(names: Iterable[object] | None) -> frozenset[str] | None:
    """The types that a worker handles; None: every type."""
    if names is None:
        return None
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise TypeError(f"types={shown(names)} is not a list of types; write types=[{shown(names)}]")
    types = frozenset(check_type(name) for name in names)
    if not types:
        raise ValueError("types is empty, so nothing would ever run; give at least one type, or None for every type")
    return types


def check_priority(value: object) -> int:
    """A priority: 1 to 1000, lower runs first."""
    return _check_int("priority", value, MIN_PRIORITY, MAX_PRIORITY)


def check_positive_int(name: str, value: object, maximum: int) -> int:
    """A whole number from 1 to ``maximum``."""
    return _check_int(name, value, 1, maximum)


def check_count(name: str, value: object, maximum: int) -> int:
    """A whole number from 0 to ``maximum``."""
    return _check_int(name, value, 0, maximum)


def check_id(name: str, value: object) -> int:
    """The id of a task, or of a group."""
    return _check_int(name, value, 1, LARGEST_ID)


def check_limit(value: object, maximum: int = MAX_LIMIT) -> int:
    """How many at most: 1 to ``maximum``."""
    return _check_int("limit", value, 1, maximum)


def check_number(name: str, value: object, minimum: float, maximum: float) -> float:
    """A finite number from ``minimum`` to ``maximum``, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give a number")
    if not minimum <= value <= maximum:
        raise ValueError(f"{name}={shown(value)} is out of range; give {minimum:.15g} to {maximum:.15g}")
    return float(value)


def check_seconds(name: str, value: object, *, minimum: float = 0.0) -> float:
    """A number of seconds, at least ``minimum`` and at most a century."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name}={value} is not a time; give a finite number of seconds")
    return check_number(name, value, minimum, MAX_SECONDS)


def check_moment(name: str, value: object) -> datetime:
    """An aware datetime, in UTC."""
    if not isinstance(value, datetime):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give an aware datetime")
    if value.utcoffset() is None:
        raise ValueError(f"{name}={value} has no time zone; use datetime.now(timezone.utc) or another aware datetime")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name}={value} is outside the years 1 to 9999 in UTC; give a nearer time") from None


def check_strategy(value: object) -> SchedulingStrategy:
    """A strategy, or its name in any case."""
    return check_word("strategy", value, SchedulingStrategy)


def check_status(value: object) -> TaskStatus:
    """A status, or its name in any case."""
    return check_word("status", value, TaskStatus)


def check_word(name: str, value: object, words: Iterable[_Word]) -> _Word:
    """One of these words, given in any case."""
    options = tuple(words)
    if not isinstance(value, str):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give one of: {', '.join(options)}")
    wanted = value.lower().replace("-", "_")
    for word in options:
        if word == wanted:
            return word
    raise ValueError(f"{name}={shown(value)} is unknown; give one of: {', '.join(options)}")


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give a text")
    if not 0 < len(value) <= MAX_TEXT:
        raise ValueError(f"{name}={shown(value)} has {len(value)} characters; give 1 to {MAX_TEXT}")
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise ValueError(f"{name}={shown(value)} holds a NUL or half a surrogate pair; give text without them")
    return value if type(value) is str else str.__str__(value)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_int(name: str, value: Any, minimum: int, maximum: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give a whole number")
    if not minimum <= value <= maximum:
        raise ValueError(f"{name}={shown(value)} is out of range; give {minimum} to {maximum}")
    return int(value)
