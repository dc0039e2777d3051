"""Limits of a type, as callers give them: how many tasks run at once, and how many start in a period."""

from __future__ import annotations

import re

from musterq.records import TypeLimit
from musterq.scalars import MAX_SECONDS, check_number, check_positive_int, shown

MAX_AT_ONCE = 1_000_000
SHORTEST_PERIOD = 0.001
_PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9}(?:\.\d{1,9})?)?\s*([smhd])\s*", re.ASCII)


def type_limit(running: object, rate: object) -> TypeLimit | None:
    """A limit from its two parts; None, where neither is given.

    Raises:
        TypeError: a part is of the wrong kind.
        ValueError: a number is out of range, or a text says no rate.
    """
    if running is None and rate is None:
        return None
    count, seconds = (None, None) if rate is None else check_rate(rate)
    return TypeLimit(
        max_running=None if running is None else check_positive_int("running", running, MAX_AT_ONCE),
        rate_count=count,
        rate_seconds=seconds,
    )


def check_rate(value: object) -> tuple[int, float]:
    """A rate as ``(count, seconds)``, from that or from a text: ``10/s``, ``100/m``, ``5/h``, ``7/30s``."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, tuple | list):
        raise TypeError(f"rate={shown(value)} is a {type(value).__name__}; give a text such as '10/s' or '7/30s'")
    try:
        count, seconds = value
    except ValueError:
        raise ValueError(f"rate={shown(value)} has {len(value)} parts; give (count, seconds)") from None
    return (
        check_positive_int("the count of rate", count, MAX_AT_ONCE),
        check_number("the seconds of rate", seconds, SHORTEST_PERIOD, MAX_SECONDS),
    )


def rate_text(limit: TypeLimit) -> str | None:
    """The rate as `check_rate` reads it; None, where there is none."""
    if limit.rate_count is None or limit.rate_seconds is None:
        return None
    unit = next((unit for unit, seconds in _PERIODS.items() if seconds == limit.rate_seconds), None)
    return f"{limit.rate_count}/{unit or f'{limit.rate_seconds:.15g}s'}"


def _parsed(text: str) -> tuple[int, float]:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"rate={shown(text)} is no rate; write COUNT/PERIOD, as in 10/s, 100/m, 5/h or 7/30s")
    count, periods, unit = match.groups()
    return int(count), float(periods or 1) * _PERIODS[unit]
