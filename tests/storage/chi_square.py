"""Pearson's chi-square test, without a statistics library."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import TypeVar

K = TypeVar("K")
_NORMAL_QUANTILE = 3.7190  # of 0.9999: a right sampler is rejected once in ten thousand seeds


def chi_square(seen: Mapping[K, int], shares: Mapping[K, float]) -> float:
    """How far counts are from the shares they should have (which are scaled to a sum of 1)."""
    draws, total = sum(seen.values()), sum(shares.values())
    assert set(seen) <= set(shares), f"drawn, but without a share: {set(seen) - set(shares)}"
    return sum((seen.get(k, 0) - draws * share / total) ** 2 / (draws * share / total) for k, share in shares.items())


def critical(kinds: int) -> float:
    """The value that a right sampler stays below, by Wilson and Hilferty's approximation."""
    freedom = kinds - 1
    return freedom * (1 - 2 / (9 * freedom) + _NORMAL_QUANTILE * sqrt(2 / (9 * freedom))) ** 3
