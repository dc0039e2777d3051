"""Durations and shares as people say them."""

import pytest

from musterq.cli.words import duration, percent, run_time, short_duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (1.9, "1 second"),
        (192, "3 minutes 12 seconds"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (93_600, "1 day 2 hours"),
    ],
)
def test_a_duration_is_said_in_its_two_greatest_units(seconds: float, said: str):
    """Nobody wants to know the seconds of a day."""
    assert duration(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (200_000, "2 d")])
def test_in_a_table_one_unit_is_enough(seconds: float, said: str):
    """Columns are narrow."""
    assert short_duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0.0, "< 1 ms"),
        (0.0125, "12.5 ms"),
        (0.9999, "1 s"),
        (2, "2 s"),
        (192, "3 minutes 12 seconds"),
    ],
)
def test_a_run_time_has_three_digits_that_matter(seconds: float | None, said: str):
    """From milliseconds to hours."""
    assert run_time(seconds) == said


def test_a_share_is_a_percentage():
    """A dash where there is none."""
    assert (percent(0.98), percent(None)) == ("98.0 %", "–")
