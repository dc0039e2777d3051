"""Times in logarithmic buckets: small, mergeable by adding, and good for percentiles.

The bounds are the series R10 of preferred numbers (ISO 3), ten a decade: 1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8
and their tenfolds, from 1 ms to 10^9 ms (11 days), cut to whole milliseconds, since times are counted in these. A
percentile is taken as the geometric middle of its bucket, so it is off by at most the square root of the greatest step,
13 %; up to 6 ms, where a bucket holds a single number, it is exact.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, MutableMapping
from itertools import pairwise
from math import sqrt

MOST_MS = 1_000_000_000
_TENTH = (100, 125, 160, 200, 250, 315, 400, 500, 630, 800)

#: The upper bounds of the buckets in milliseconds, each included in its bucket.
UPPER_MS: tuple[int, ...] = tuple(
    sorted({0} | {bound for decade in range(10) for tenth in _TENTH if (bound := 10**decade * tenth // 100) <= MOST_MS})
)
_MIDDLE_MS = {0: 0.0} | {upper: sqrt((lower + 1) * upper) for lower, upper in pairwise(UPPER_MS)}


def bucket_of(ms: int) -> int:
    """The upper bound of the bucket of a time; what is over 10^9 ms is in the last one."""
    return UPPER_MS[bisect_left(UPPER_MS, min(ms, MOST_MS))]


def add(buckets: MutableMapping[int, int], others: Mapping[int, int]) -> None:
    """Count the times of another histogram in."""
    known = buckets.get
    for upper, n in others.items():
        buckets[upper] = known(upper, 0) + n


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The time in seconds that this share (0 to 1) of the times does not pass; None where there are none.

    Args:
        buckets: How many times there are of each bucket, by its upper bound in ms.
        share: Which share; 0.5 is the median.
    """
    wanted = share * sum(buckets.values())
    passed = 0
    for upper in sorted(buckets):
        passed += buckets[upper]
        if passed and passed >= wanted:
            return _MIDDLE_MS[upper] / 1000
    return None
