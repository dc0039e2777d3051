"""Numbers in few columns."""

import pytest

from musterq.cli.top.figures import age_of, count, rate, share, time_of


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (9_999_999, "9,999,999"), (12_345_678, "12.3 M"), (2_500_000_000, "2.5 G")]
)
def test_a_count_has_all_digits_up_to_ten_million(n: int, text: str):
    """And at most nine columns."""
    assert count(n) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(None, "–"), (0, "0/s"), (15 / 3600, "15/h"), (0.05, "3/min"), (1.25, "1.2/s"), (12.6, "13/s"), (1234, "1,234/s")],
)
def test_a_rate_is_told_per_second_minute_or_hour(per_second: float | None, text: str):
    """Whichever says more."""
    assert rate(per_second, "–") == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0.0125, "12.5 ms"), (59.9, "59.9 s"), (61, "1 min"), (90_000, "1 d")]
)
def test_a_time_has_one_unit(seconds: float | None, text: str):
    """The greatest."""
    assert time_of(seconds, "–") == text


def test_an_age_is_told_in_seconds_and_more():
    """Nothing finer is known of it."""
    assert (age_of(0, "–"), age_of(125, "–"), age_of(None, "–")) == ("0 s", "2 min", "–")


def test_a_share_is_in_percent():
    """With one decimal."""
    assert (share(0.0125, "–"), share(None, "–")) == ("1.2 %", "–")
