"""Ages as the API gives them."""

from __future__ import annotations


def whole_seconds(seconds: float) -> int:
    """Truncated, never negative."""
    return max(0, int(seconds))
