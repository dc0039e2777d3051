"""Stopwatches."""

import time
from collections.abc import Callable


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeated(work: Callable[[], object], n: int) -> float:
    """How long `n` calls take, one after the other."""
    start = time.perf_counter()
    for _ in range(n):
        work()
    return time.perf_counter() - start
