"""Times in logarithmic buckets: bounds, merging, and how far a percentile can be off."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.histogram import MOST_MS, UPPER_MS, add, bucket_of, quantile
from musterq.storage.sqlite.queries import migrations

times = st.one_of(
    st.integers(0, 50),
    st.integers(0, MOST_MS),
    st.sampled_from(UPPER_MS),
    st.sampled_from(UPPER_MS).map(lambda ms: ms + 1),
).map(lambda ms: min(ms, MOST_MS))
shares = st.floats(0.01, 1.0)


def buckets_of(ms: list[int]) -> Mapping[int, int]:
    return Counter(map(bucket_of, ms))


def test_the_bounds_are_ten_a_decade() -> None:
    """From 1 ms to 11 days and a half; those below 10 ms in whole milliseconds."""
    assert UPPER_MS[:14] == (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 31)
    for decade in range(1, 9):
        within = [upper / 10**decade for upper in UPPER_MS if 10**decade <= upper < 10 ** (decade + 1)]
        assert len(within) == 10
        assert {1.0, 2.0, 2.5, 5.0} <= set(within)
    assert UPPER_MS[-1] == MOST_MS == 10**9
    assert all(higher / lower < 1.34 for lower, higher in pairwise(UPPER_MS) if lower >= 6)


def test_those_of_the_tables_are_the_same() -> None:
    """Triggers look into a table for what Python reckons."""
    connection = sqlite3.connect(":memory:")
    for version, script in migrations():
        if version <= 2:
            connection.executescript(script)
    assert tuple(row[0] for row in connection.execute("SELECT upper_ms FROM run_buckets ORDER BY 1")) == UPPER_MS
    connection.close()


@given(ms=times)
def test_a_time_is_in_the_first_bucket_that_is_no_smaller(ms: int) -> None:
    """The bound is included."""
    bucket = bucket_of(ms)
    assert ms <= bucket
    assert all(upper < ms for upper in UPPER_MS if upper < bucket)


@pytest.mark.parametrize("ms", [MOST_MS + 1, 10**15])
def test_what_is_longer_is_in_the_last(ms: int) -> None:
    """Months are told as eleven days."""
    assert bucket_of(ms) == MOST_MS


@given(ms=st.lists(times, min_size=1, max_size=200), share=shares)
def test_a_percentile_is_at_most_13_percent_off(ms: list[int], share: float) -> None:
    """13.1, the root of the greatest step; and exact up to 6 ms."""
    exact = sorted(ms)[max(0, math.ceil(share * len(ms) - 1e-9) - 1)]
    found = quantile(buckets_of(ms), share)
    assert found is not None
    if exact <= 6:
        assert found * 1000 == pytest.approx(exact)
    else:
        assert abs(found * 1000 - exact) <= 0.1315 * exact


@given(one=st.lists(times), other=st.lists(times))
def test_adding_merges(one: list[int], other: list[int]) -> None:
    """It is the histogram of both."""
    both = dict(buckets_of(one))
    add(both, buckets_of(other))
    assert both == buckets_of(one + other)


@given(ms=st.lists(times, min_size=1), lower=shares, higher=shares)
def test_a_higher_share_is_no_shorter(ms: list[int], lower: float, higher: float) -> None:
    """Percentiles are in order."""
    lower, higher = sorted((lower, higher))
    assert (quantile(buckets_of(ms), lower) or 0) <= (quantile(buckets_of(ms), higher) or 0)


@pytest.mark.parametrize("buckets", [{}, {5: 0}])
def test_of_nothing_there_is_no_percentile(buckets: dict[int, int]) -> None:
    """None, and no division by it."""
    assert quantile(buckets, 0.5) is None
