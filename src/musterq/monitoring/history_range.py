"""From what a caller says of a stretch of time to the steps that the history can tell of."""

from __future__ import annotations

from datetime import datetime

from musterq.observations import KEPT_SECONDS, HistoryRange
from musterq.scalars import check_moment, check_seconds

HOUR_SECONDS = 3600.0
STEPS = 60
MOST_STEPS = 10_000
_A_MOMENT = 0.001  # so that a minute which begins right now is a step of its own
_SPAN_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
#: Steps that a chart is read by, in seconds.
_ROUND = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def range_of(
    now: float, since: datetime | float | None, until: datetime | float | None, step: float | None
) -> HistoryRange:
    """The steps between two moments, each an aware datetime or so many seconds ago; None: an hour ago, and now.

    Raises:
        TypeError, ValueError: one of them is no such thing, or what it asks for is not kept; the message says what is.
    """
    begin = max(0.0, _moment("since", now, HOUR_SECONDS if since is None else since))  # no clock shows an earlier one
    end = _moment("until", now, 0.0 if until is None else until)
    if begin >= end:
        raise ValueError("since is not before until; give an earlier since, or a later until")
    finest = _finest_span(now - begin)
    seconds = _default_step(end - begin, _SPAN_SECONDS[finest]) if step is None else _checked_step(step, finest)
    start = int(begin // seconds * seconds)
    steps = int(-(-(end + (_A_MOMENT if until is None else 0.0) - start) // seconds))
    if steps > MOST_STEPS:
        raise ValueError(f"step={seconds} makes {steps} steps; give a longer step, for {MOST_STEPS} at most")
    span = max((name for name, length in _SPAN_SECONDS.items() if seconds % length == 0), key=_SPAN_SECONDS.__getitem__)
    return HistoryRange(start=start, step_seconds=seconds, steps=steps, span=span)


def _moment(name: str, now: float, value: datetime | float) -> float:
    if isinstance(value, datetime):
        return check_moment(name, value).timestamp()
    return now - check_seconds(name, value)


def _finest_span(age: float) -> str:
    """The shortest span of which rows so old are kept."""
    return next((span for span, kept in KEPT_SECONDS.items() if age <= kept), "day")


def _default_step(length: float, shortest: int) -> int:
    fits = (seconds for seconds in _ROUND if seconds >= shortest and seconds * STEPS >= length)
    return next(fits, int(-(-length // STEPS // 86400)) * 86400)


def _checked_step(step: float, finest: str) -> int:
    seconds = check_seconds("step", step, minimum=60)
    length = _SPAN_SECONDS[finest]
    if seconds % length:
        raise ValueError(
            f"step={step:g} is not whole {finest}s, which is what is kept of so long ago; "
            f"give a multiple of {length} seconds"
        )
    return int(seconds)
