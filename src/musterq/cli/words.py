"""Durations and shares as people say them."""

from __future__ import annotations

from musterq.durations import duration, run_time, short_duration

__all__ = ["duration", "percent", "run_time", "short_duration", "size"]


def size(count: int) -> str:
    """Bytes in the unit that suits them: ``3.2 MB``."""
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def percent(share: float | None) -> str:
    """``98.0 %``; a dash where there is nothing to share."""
    return "–" if share is None else f"{share:.1%}".replace("%", " %")
