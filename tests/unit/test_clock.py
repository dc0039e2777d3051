"""Times as stored text, and the clock that a test can move."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.clock import Clock, datetime_to_text, epoch_to_text, text_to_datetime

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)  # noqa: DTZ001
MILLISECONDS = st.integers(1_104_537_600_000, 2_145_916_800_000)  # 2005 to 2037


class Moved(Clock):
    """Stands at a time of its own."""

    def time(self):
        return 1_772_366_400.25


@given(MOMENTS)
def test_a_datetime_comes_back_to_the_millisecond(moment: datetime):
    """In UTC, whatever zone it had."""
    back = text_to_datetime(datetime_to_text(moment))
    assert back.tzinfo is UTC
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_times_do(one: datetime, other: datetime):
    """So that the database compares them as text."""
    assert (datetime_to_text(one) < datetime_to_text(other)) <= (one < other)
    assert (one <= other) <= (datetime_to_text(one) <= datetime_to_text(other))


@given(MILLISECONDS)
def test_both_clocks_write_the_same_text(milliseconds: int):
    """Epoch seconds and datetimes meet in one form, and no rounding moves a stored time."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    text = epoch_to_text(milliseconds / 1000)
    assert text == datetime_to_text(moment)
    assert epoch_to_text(text_to_datetime(text).timestamp()) == text


def test_the_stored_form():
    """As it is read in a shell."""
    assert epoch_to_text(1_772_366_400.25) == "2026-03-01 12:00:00.250"
    assert epoch_to_text(-86_400) == "1969-12-31 00:00:00.000"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00:00",
        "2026-03-01 12:00:00.000",
        "2026-03-01T12:00:00Z",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01 12:00",
    ],
)
def test_forms_that_plain_sql_leaves_are_read(text: str):
    """Without a zone they are UTC."""
    assert text_to_datetime(text) == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_naive_datetime_has_no_text():
    """Nobody can know which zone it means."""
    with pytest.raises(ValueError, match="has no time zone"):
        datetime_to_text(datetime(2026, 3, 1))  # noqa: DTZ001


def test_everything_that_a_clock_tells_follows_its_time():
    """A test that moves `time` moves all of it."""
    assert Moved().now() == datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    assert Moved().text() == "2026-03-01 12:00:00.250"
    assert Moved().text(-60.25) == "2026-03-01 11:59:00.000"


def test_the_real_clock_is_the_systems():
    """Seconds since the epoch."""
    assert abs(Clock().time() - time.time()) < 60


def test_the_boot_clock_never_goes_back():
    """Milliseconds, whole."""
    readings = [Clock().boot_ms() for _ in range(100)]
    assert readings == sorted(readings)
    assert all(isinstance(reading, int) and reading > 0 for reading in readings)


def test_the_boot_has_one_id():
    """The same for every clock of this boot."""
    assert Clock().boot_id() == Clock().boot_id()
