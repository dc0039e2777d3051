"""Numbers in few columns."""

from __future__ import annotations

from musterq.cli.words import run_time, short_duration

_MILLION, _BILLION = 10**6, 10**9
_ALL_DIGITS = 10 * _MILLION  # up to here a count shows all of them
_TWO_DIGITS = 10
_MINUTE, _HOUR = 60, 3600


def count(n: int) -> str:
    """``1,234,567``; from ten million on ``12.3 M``."""
    if n < _ALL_DIGITS:
        return f"{n:,}"
    return f"{n / _MILLION:.1f} M" if n < _BILLION else f"{n / _BILLION:.1f} G"


def rate(per_second: float | None, nothing: str) -> str:
    """``123/s``, ``4/min`` where it is less than one a second, and ``5/h`` where it is less than one a minute."""
    if per_second is None:
        return nothing
    if per_second >= 1:
        return f"{per_second:,.0f}/s" if per_second >= _TWO_DIGITS else f"{per_second:.1f}/s"
    if per_second * _MINUTE >= 1:
        return f"{per_second * _MINUTE:.0f}/min"
    return f"{per_second * _HOUR:.0f}/h" if per_second else "0/s"


def time_of(seconds: float | None, nothing: str) -> str:
    """``12.5 ms``, ``1.2 s``, and from a minute on ``3 min``, ``5 h``, ``2 d``."""
    if seconds is None:
        return nothing
    return run_time(seconds) if seconds < _MINUTE else short_duration(seconds)


def age_of(seconds: float | None, nothing: str) -> str:
    """``12 s``, ``3 min``: of what is known to the second."""
    return nothing if seconds is None else short_duration(seconds)


def share(part: float | None, nothing: str) -> str:
    """``1.5 %``."""
    return nothing if part is None else f"{part * 100:.1f} %"
