"""When schedules tick."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musterq.cron import (
    MOST_AT_ONCE,
    CatchUp,
    check_catch_up,
    check_cron,
    check_interval,
    check_timezone,
    due_ticks,
    next_tick,
    ticks_between,
)

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
ZONES = [BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Africa/Cairo"]
TIMINGS = [
    "*/5 * * * *", "0 * * * *", "30 2 * * *", "0,30 1-3 * * *", "15 0 1 * *", "0 9 * * MON-FRI", "59 23 L * *",
    "*/20 * * * * *", "10 30 2 * * *", "*/15 30 2 * * *", "every 0.1", "every 30", "every 5400", "every 86400",
]  # fmt: skip
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock_times(timing: str, timezone: str, after: str, until: str) -> list[str]:
    """The ticks between two moments, as clocks in the zone show them, with their offset from UTC."""
    zone = zoneinfo.ZoneInfo(timezone)
    ticks = ticks_between(timing, timezone, at(after), at(until), 10_000)
    return [tick.astimezone(zone).strftime("%d %H:%M %z") for tick in ticks]


# -- daylight saving -----------------------------------------------------------------------------
def test_a_time_of_day_that_is_left_out_in_spring_ticks_when_the_clocks_are_set():
    """Once, at the moment at which they go from two to three."""
    berlin = clock_times("30 2 * * *", BERLIN, "2025-03-29 00:00", "2025-03-31 12:00")
    assert berlin == ["29 02:30 +0100", "30 03:00 +0200", "31 02:30 +0200"]
    new_york = clock_times("30 2 * * *", NEW_YORK, "2025-03-08 05:00", "2025-03-10 12:00")
    assert new_york == ["08 02:30 -0500", "09 03:00 -0400", "10 02:30 -0400"]


def test_a_time_of_day_that_is_repeated_in_autumn_ticks_the_first_time():
    """And not again an hour later."""
    berlin = clock_times("30 2 * * *", BERLIN, "2025-10-25 00:00", "2025-10-27 12:00")
    assert berlin == ["25 02:30 +0200", "26 02:30 +0200", "27 02:30 +0100"]
    new_york = clock_times("30 1 * * *", NEW_YORK, "2025-11-01 04:00", "2025-11-03 12:00")
    assert new_york == ["01 01:30 -0400", "02 01:30 -0400", "03 01:30 -0500"]


@pytest.mark.parametrize("now", ["2025-10-26 00:45", "2025-10-26 01:15", "2025-10-26 01:45"])
def test_a_look_in_the_repeated_hour_finds_no_tick_of_the_past(now: str):
    """Also where the clocks show again what they showed at the tick."""
    assert next_tick("30 2 * * *", BERLIN, at(now)) == at("2025-10-27 01:30")


def test_seconds_change_nothing_of_that():
    """Six fields go by the clock as five do."""
    spring = clock_times("0 30 2 * * *", BERLIN, "2025-03-29 12:00", "2025-03-30 12:00")
    autumn = clock_times("0 30 2 * * *", BERLIN, "2025-10-25 12:00", "2025-10-26 12:00")
    assert (spring, autumn) == (["30 03:00 +0200"], ["26 02:30 +0200"])


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (BERLIN, "2025-03-30 01:00"),
        (BERLIN, "2025-10-26 01:00"),
        (NEW_YORK, "2025-03-09 07:00"),
        (NEW_YORK, "2025-11-02 06:00"),
    ],
)
@pytest.mark.parametrize(("timing", "minutes"), [("*/5 * * * *", 5), ("0 * * * *", 60), ("every 300", 5)])
def test_what_ticks_every_so_often_goes_on_through_a_change(zone: str, change: str, timing: str, minutes: int):
    """By the time that passes, whatever clocks show."""
    step = timedelta(minutes=minutes)
    start, end = at(change) - timedelta(hours=3), at(change) + timedelta(hours=3)
    expected = [start + n * step for n in range(1, int(timedelta(hours=6) / step) + 1)]
    assert ticks_between(timing, zone, start, end, 1000) == expected


# -- any moment ----------------------------------------------------------------------------------
@given(st.sampled_from(TIMINGS), st.sampled_from(ZONES), moments)
@example("30 2 * * *", BERLIN, at("2025-10-26 00:30"))
@example("*/15 30 2 * * *", BERLIN, at("2025-03-30 00:59:59"))
def test_ticks_are_later_each_time(timing: str, timezone: str, moment: datetime):
    """In UTC, from any moment on."""
    ticks = [moment]
    for _ in range(4):
        ticks.append(next_tick(timing, timezone, ticks[-1]))
    assert all(earlier < later for earlier, later in pairwise(ticks))


@given(st.sampled_from(TIMINGS), st.sampled_from(ZONES), moments, st.floats(0, 1))
@example("0,30 1-3 * * *", BERLIN, at("2025-03-30 00:30"), 0.9)
def test_no_tick_is_skipped(timing: str, timezone: str, moment: datetime, share: float):
    """A look at any moment before a tick finds that tick, and none before it."""
    tick = next_tick(timing, timezone, moment)
    between = moment + (tick - moment) * share
    assert next_tick(timing, timezone, min(between, tick - timedelta(microseconds=1))) == tick


@given(st.sampled_from(ZONES), moments, st.sampled_from(["*/5 * * * *", "*/20 9-17 * * *", "0 * * * MON"]))
@example("Australia/Lord_Howe", at("2024-10-05 00:00"), "*/20 9-17 * * *")  # half an hour is left out
@example("America/Santiago", at("2024-09-08 00:00"), "*/5 * * * *")  # midnight is left out
def test_what_begins_with_a_star_ticks_whenever_clocks_match(timezone: str, moment: datetime, timing: str):
    """Minute by minute, for a day."""
    zone = zoneinfo.ZoneInfo(timezone)
    start = moment.replace(minute=0, second=0, microsecond=0)
    minutes = [start + timedelta(minutes=n) for n in range(1, 24 * 60 + 1)]
    matches = {
        "*/5 * * * *": lambda wall: wall.minute % 5 == 0,
        "*/20 9-17 * * *": lambda wall: wall.minute % 20 == 0 and 9 <= wall.hour <= 17,
        "0 * * * MON": lambda wall: wall.minute == 0 and wall.weekday() == 0,
    }[timing]
    expected = [minute for minute in minutes if matches(minute.astimezone(zone))]
    assert ticks_between(timing, timezone, start, minutes[-1], 1000) == expected


@given(st.sampled_from(TIMINGS), st.sampled_from(ZONES), moments, st.timedeltas(timedelta(0), timedelta(hours=5)))
def test_the_last_ticks_are_the_end_of_all_ticks(timing: str, timezone: str, moment: datetime, span: timedelta):
    """However few are asked for."""
    several = ticks_between(timing, timezone, moment, moment + span, 50)
    assert several[-3:] == ticks_between(timing, timezone, moment, moment + span, 3)
    assert len(several) <= 50
    assert all(moment < tick <= moment + span for tick in several)


def test_the_last_ticks_of_a_long_time_are_found_at_once():
    """A year of them would take minutes to count."""
    ticks = ticks_between("* * * * * *", BERLIN, at("2020-01-01"), at("2025-01-01"), 3)
    assert ticks == [at("2024-12-31 23:59:58"), at("2024-12-31 23:59:59"), at("2025-01-01")]


# -- missed ticks --------------------------------------------------------------------------------
MISSED = {"timing": "0 * * * *", "timezone": "UTC", "expected": at("2025-01-01 01:00"), "now": at("2025-01-01 04:30")}


@pytest.mark.parametrize(
    ("catch_up", "hours", "skipped"), [(CatchUp.LATEST, [4], 3), (CatchUp.ALL, [1, 2, 3, 4], 0), (CatchUp.SKIP, [], 4)]
)
def test_missed_ticks_are_caught_up_with_by_policy(catch_up: str, hours: list[int], skipped: int):
    """The next one is in the future in each case."""
    due = due_ticks(**MISSED, catch_up=catch_up)
    assert ([tick.hour for tick in due.ticks], due.skipped) == (hours, skipped)
    assert due.following == at("2025-01-01 05:00")


@pytest.mark.parametrize(("late", "ticks"), [(0.0, 1), (59.9, 1), (60.0, 0)])
def test_a_tick_is_skipped_when_it_is_a_minute_late(late: float, ticks: int):
    """Not sooner: a scheduler may be held up for a moment."""
    expected = at("2025-01-01 01:00")
    due = due_ticks("0 * * * *", "UTC", "skip", expected, expected + timedelta(seconds=late))
    assert len(due.ticks) == ticks


def test_at_most_a_thousand_are_caught_up_with():
    """The newest ones."""
    due = due_ticks("every 1", "UTC", "all", at("2024-01-01"), at("2025-01-01"))
    assert len(due.ticks) == MOST_AT_ONCE
    assert due.ticks[-1] == at("2025-01-01")
    assert due.skipped > 0


def test_a_tick_off_the_timing_counts():
    """Somebody may have set the next one by hand."""
    due = due_ticks("0 * * * *", "UTC", "latest", at("2025-01-01 01:07"), at("2025-01-01 01:08"))
    assert (due.ticks, due.following) == ([at("2025-01-01 01:07")], at("2025-01-01 02:00"))


# -- what a caller gives -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "stored"),
    [("  */5  * * *   * ", "*/5 * * * *"), ("@daily", "0 0 * * *"), ("30 0 2 * * mon-fri", "30 0 2 * * mon-fri")],
)
def test_a_cron_expression_has_one_form(given: str, stored: str):
    """So that blanks are no change of a schedule."""
    assert check_cron(given) == stored


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "61 * * * *", "* * 31 2 *", "every 5", "@reboot", "* * * * * * *", "a b c d e"]
)
def test_what_is_no_cron_expression_is_refused(expression: str):
    """With an example of one."""
    with pytest.raises(ValueError, match="cron=") as refused:
        check_cron(expression)
    assert not expression or "'*/5 * * * *'" in str(refused.value)


@given(st.text(st.sampled_from("0123456789*/,-#L W?MONJAN"), max_size=20))
def test_any_text_is_taken_or_refused(expression: str):
    """Nothing else comes out of the parser."""
    try:
        timing = check_cron(expression)
    except ValueError:
        return
    assert next_tick(timing, BERLIN, at("2025-01-01")) > at("2025-01-01")


@pytest.mark.parametrize(
    ("given", "stored"), [(30, "every 30"), (0.25, "every 0.25"), (timedelta(hours=1), "every 3600")]
)
def test_an_interval_is_seconds_or_a_timedelta(given: Any, stored: str):
    """To the millisecond."""
    assert check_interval(given) == stored


@pytest.mark.parametrize("wrong", [0, -1, 0.05, timedelta(0), float("nan"), float("inf"), 1e12])
def test_an_interval_that_cannot_be_is_refused(wrong: Any):
    """With the range."""
    with pytest.raises(ValueError, match="every="):
        check_interval(wrong)


@pytest.mark.parametrize("wrong", ["30", None, True])
def test_an_interval_of_another_kind_is_refused(wrong: Any):
    """Before any arithmetic."""
    with pytest.raises(TypeError, match="give a number"):
        check_interval(wrong)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "Europe", "../etc/passwd", "/etc/passwd", "europe berlin"])
def test_an_unknown_time_zone_is_refused(name: str):
    """Also one that would be a folder, or a file elsewhere."""
    with pytest.raises(ValueError, match="'Europe/Berlin'"):
        check_timezone(name)


def test_a_system_without_time_zones_is_told_where_they_come_from(monkeypatch: pytest.MonkeyPatch):
    """UTC needs none."""
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    monkeypatch.setitem(__import__("sys").modules, "tzdata", None)
    try:
        with pytest.raises(ValueError, match="pip install tzdata"):
            check_timezone(BERLIN)
        assert check_timezone("UTC") == "UTC"
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize(("wrong", "error"), [("sometimes", ValueError), (None, TypeError)])
def test_an_unknown_policy_is_refused(wrong: Any, error: type[Exception]):
    """With those that there are."""
    with pytest.raises(error, match="latest, all, skip"):
        check_catch_up(wrong)
