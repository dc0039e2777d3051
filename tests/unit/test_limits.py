"""Limits as callers give them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.limits import check_rate, rate_text, type_limit
from musterq.records import TypeLimit


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ("10/s", (10, 1.0)),
        ("100/m", (100, 60.0)),
        ("5/h", (5, 3600.0)),
        ("1/d", (1, 86400.0)),
        ("7/30s", (7, 30.0)),
        (" 7 / 0.5 s ", (7, 0.5)),
        ((3, 2), (3, 2.0)),
        ([3, 0.25], (3, 0.25)),
    ],
)
def test_a_rate_is_a_text_or_its_two_numbers(given: object, rate: tuple[int, float]):
    assert check_rate(given) == rate


@pytest.mark.parametrize("text", ["", "10", "10/", "/s", "ten/s", "10/w", "10/s/s", "-1/s", "1.5/s", "10/-3s", "٣/s"])
def test_a_text_that_is_no_rate_is_refused_with_an_example(text: str):
    with pytest.raises(ValueError, match="as in 10/s"):
        check_rate(text)


@pytest.mark.parametrize("value", [10, 1.5, None, {"count": 1}, b"10/s"])
def test_what_is_neither_text_nor_pair_is_refused(value: object):
    with pytest.raises(TypeError, match="rate="):
        check_rate(value)


@pytest.mark.parametrize("value", ["0/s", "1/0s", (0, 1), (1, 0), (1, 1e12), (1_000_001, 1), (1,), (1, 2, 3)])
def test_numbers_out_of_range_are_refused(value: object):
    with pytest.raises(ValueError, match="rate"):
        check_rate(value)


@pytest.mark.parametrize("value", [(True, 1), (1.0, 1), (1, "s"), (1, True)])
def test_numbers_of_another_kind_are_refused(value: object):
    with pytest.raises(TypeError, match="rate"):
        check_rate(value)


@given(st.integers(1, 10**6), st.integers(1, 10**9))
def test_a_rate_reads_as_it_is_written(count: int, milliseconds: int):
    limit = TypeLimit(rate_count=count, rate_seconds=milliseconds / 1000)
    assert check_rate(rate_text(limit)) == (limit.rate_count, limit.rate_seconds)


def test_a_limit_has_one_part_or_both_or_is_none():
    assert type_limit(None, None) is None
    assert type_limit(2, None) == TypeLimit(max_running=2)
    assert type_limit(2, "10/s") == TypeLimit(max_running=2, rate_count=10, rate_seconds=1.0)
    assert rate_text(TypeLimit(max_running=2)) is None


@pytest.mark.parametrize("running", [0, -1, 1_000_001, "2", True, 1.0])
def test_a_number_of_places_that_cannot_be_is_refused(running: object):
    with pytest.raises((TypeError, ValueError), match="running"):
        type_limit(running, None)
