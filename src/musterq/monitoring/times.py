"""Times of many tasks, as the API gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from musterq.histogram import add, quantile
from musterq.observations import Tally

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: What ends a run that was timed.
RUNS = ("completed", "failed", "retried")


def merged(tallies: Iterable[Tally | None]) -> Tally:
    """All of them as one."""
    n = ms = 0
    buckets: dict[int, int] = {}
    for tally in tallies:
        if tally is not None:
            n += tally.n
            ms += tally.ms
            add(buckets, tally.buckets)
    return Tally(n=n, ms=ms, buckets=buckets)


def times_of(tally: Tally) -> dict[str, Any]:
    """``count`` of those that were timed, ``sum``, ``avg`` and percentiles in seconds; None where none was."""
    timed = sum(tally.buckets.values())
    seconds = tally.ms / 1000
    percentiles = {name: quantile(tally.buckets, share) for name, share in QUANTILES.items()}
    return {"count": timed, "sum": seconds, "avg": seconds / timed if timed else None, **percentiles}


def with_buckets(tally: Tally) -> dict[str, Any]:
    """The same with ``buckets``: how many there are of each, by its upper bound in seconds."""
    return {**times_of(tally), "buckets": {upper / 1000: n for upper, n in sorted(tally.buckets.items())}}
