"""When a schedule ticks: cron expressions in a time zone, intervals, and what becomes of missed ticks. Pure.

A timing is text: a cron expression (five fields, or six with seconds first), or ``every N`` with N in seconds.
Moments are aware datetimes; ticks come out in UTC.
"""

from __future__ import annotations

import zoneinfo
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from musterq.scalars import MAX_SECONDS, check_key, check_number, check_word, shown

SHORTEST_INTERVAL = 0.1  # seconds
MOST_AT_ONCE = 1000  # missed ticks that are looked at, and caught up with
SKIP_AFTER = timedelta(seconds=60)  # a tick later than this is missed, where missed ones are skipped

_EVERY = "every "
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = timedelta(0)
_LONGEST_REPEAT = timedelta(hours=3)  # by which clocks are set back
_LOOK_BACK = timedelta(minutes=2)  # at first; then four times as far
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class CatchUp(StrEnum):
    """What becomes of the ticks that came while no worker ran."""

    LATEST = "latest"  # one task for all of them
    ALL = "all"  # a task for each, in order
    SKIP = "skip"  # none


class DueTicks(NamedTuple):
    """What a schedule is to do now.

    Attributes:
        ticks: those that become tasks, in order.
        skipped: how many others came and are dropped (looked for among the newest thousand).
        following: when it ticks next.
    """

    ticks: list[datetime]
    skipped: int
    following: datetime


# -- what a caller gives -------------------------------------------------------------------------
def check_cron(expression: object) -> str:
    """A cron expression as it is stored: ``@daily`` and the like written out, single blanks between fields.

    Raises:
        TypeError: it is no text.
        ValueError: it is no cron expression, or names a day that never comes.
    """
    words = " ".join(check_key("cron", expression).split())
    timing = _NICKNAMES.get(words.lower(), words)
    try:
        _first(_cron_ticks(timing, UTC, _EPOCH))
    except ValueError as error:
        raise ValueError(
            f"cron={shown(expression)} cannot be ({error}); write five fields, minute hour day month weekday, "
            f"such as '*/5 * * * *' or '30 2 * * MON-FRI', or six with the seconds first"
        ) from None
    return timing


def check_interval(every: object) -> str:
    """An interval in seconds, or a timedelta, as a timing.

    Raises:
        TypeError: it is neither.
        ValueError: it is shorter than a tenth of a second or longer than a century.
    """
    seconds = every.total_seconds() if isinstance(every, timedelta) else every
    return f"{_EVERY}{round(check_number('every', seconds, SHORTEST_INTERVAL, MAX_SECONDS), 3):.15g}"


def check_timezone(name: object) -> str:
    """The name of a time zone, such as ``Europe/Berlin``.

    Raises:
        TypeError: it is no text.
        ValueError: this system knows no such zone.
    """
    checked = check_key("timezone", name)
    zone_of(checked)
    return checked


def check_catch_up(value: object) -> CatchUp:
    """What becomes of missed ticks, or the word for it."""
    return check_word("catch_up", value, CatchUp)


def zone_of(name: str) -> tzinfo:
    """The time zone of this name.

    Raises:
        ValueError: this system knows no such zone.
    """
    if name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # by zone, by form, and for a folder of zones
        advice = (
            "give a name such as 'Europe/Berlin'"
            if zoneinfo.available_timezones()
            else "this system has no time zone data; get it with: pip install tzdata"
        )
        raise ValueError(f"timezone={shown(name)} is unknown here; {advice}") from None


# -- ticks ---------------------------------------------------------------------------------------
def next_tick(timing: str, timezone: str, after: datetime) -> datetime:
    """The first tick later than a moment.

    Raises:
        ValueError: the timing or the time zone cannot be, or no tick ever comes.
    """
    return _first(_ticks(timing, timezone, after))


def ticks_between(timing: str, timezone: str, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """The last ``limit`` ticks later than ``after`` and not later than ``until``, in order.

    It costs as much as a few times that many ticks, however many there are.

    Raises:
        ValueError: the timing or the time zone cannot be.
    """
    reach = _LOOK_BACK
    while True:
        start = max(after, until - reach)
        ticks = _ticks_until(timing, timezone, start, until)
        if len(ticks) >= limit or start == after:
            return ticks[-limit:]
        reach *= 4


def due_ticks(timing: str, timezone: str, catch_up: str, expected: datetime, now: datetime) -> DueTicks:
    """What a schedule whose tick was expected at a moment is to do now, which is not earlier.

    Raises:
        ValueError: the timing or the time zone cannot be.
    """
    later = ticks_between(timing, timezone, expected, now, MOST_AT_ONCE)
    ticks = [expected, *later][-MOST_AT_ONCE:]
    came = len(later) + 1
    if catch_up != CatchUp.ALL:
        ticks = ticks[-1:]
    if catch_up == CatchUp.SKIP:
        ticks = [tick for tick in ticks if now - tick < SKIP_AFTER]
    return DueTicks(ticks, came - len(ticks), next_tick(timing, timezone, now))


def _first(ticks: Iterator[datetime]) -> datetime:
    for tick in ticks:
        return tick
    raise ValueError("it never ticks")


def _ticks_until(timing: str, timezone: str, after: datetime, until: datetime) -> list[datetime]:
    ticks = []
    for tick in _ticks(timing, timezone, after):
        if tick > until:
            break
        ticks.append(tick)
    return ticks


def _ticks(timing: str, timezone: str, after: datetime) -> Iterator[datetime]:
    """All ticks later than a moment, each later than the one before."""
    found = (
        _interval_ticks(timing, after) if timing.startswith(_EVERY) else _cron_ticks(timing, zone_of(timezone), after)
    )
    last = after
    for tick in found:
        if tick > last:  # both ends of an hour that the clocks leave out or repeat are one moment
            yield tick
            last = tick


def _interval_ticks(timing: str, after: datetime) -> Iterator[datetime]:
    """At whole multiples of the interval since 1970, so that every process agrees and no restart moves them."""
    step = timedelta(seconds=check_number("every", float(timing.removeprefix(_EVERY)), SHORTEST_INTERVAL, MAX_SECONDS))
    tick = _EPOCH + (after - _EPOCH) // step * step
    while True:
        tick += step
        yield tick


def _cron_ticks(timing: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The walk is along what clocks on the wall show; which moments that is, and whether, is decided here."""
    moments = _at_times_of_day if _names_times_of_day(timing) else _whenever_shown
    try:
        yield from moments(CronSim(timing, _earliest_to_be_shown(after, zone)), zone)
    except CronSimError as error:
        raise ValueError(str(error)) from None
    except OverflowError:
        raise ValueError("it ticks after the year 9999 only") from None


def _names_times_of_day(timing: str) -> bool:
    """Whether it is meant once a day, and not every so many minutes of the time that passes."""
    return not any(field.startswith("*") for field in timing.split()[-5:-3])


def _earliest_to_be_shown(after: datetime, zone: tzinfo) -> datetime:
    """The earliest time that clocks will show: that of now, unless they are about to be set back behind it."""
    now, soon = after.astimezone(zone), (after + _LONGEST_REPEAT).astimezone(zone)
    set_back = (now.utcoffset() or _NOTHING) - (soon.utcoffset() or _NOTHING)
    return now.replace(tzinfo=None) - max(set_back, _NOTHING)


def _at_times_of_day(walls: Iterator[datetime], zone: tzinfo) -> Iterator[datetime]:
    """Each once: what is shown twice, the first time; what is left out, when the clocks are set past it."""
    for wall in walls:
        shown_next = wall
        while not (moments := _moments_of(shown_next, zone)):
            shown_next = shown_next.replace(second=0) + timedelta(minutes=1)
        yield moments[0]


def _whenever_shown(walls: Iterator[datetime], zone: tzinfo) -> Iterator[datetime]:
    """Every moment at which clocks show one of these: none where it is left out, two where it is repeated."""
    again: deque[datetime] = deque()
    for wall in walls:
        for place, moment in enumerate(_moments_of(wall, zone)):
            if place:
                again.append(moment)
                continue
            while again and again[0] < moment:
                yield again.popleft()
            yield moment


def _moments_of(wall: datetime, zone: tzinfo) -> list[datetime]:
    """When clocks show this: in order, and mostly once."""
    found = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(moment for moment in found if moment.astimezone(zone).replace(tzinfo=None) == wall)
