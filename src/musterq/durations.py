"""Durations as people say them."""

from __future__ import annotations

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def duration(seconds: float) -> str:
    """The two greatest units: ``3 minutes 12 seconds``."""
    rest = max(0, int(seconds))
    parts = []
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        parts.append((count, name))
    greatest = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    said = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts[greatest : greatest + 2] if count]
    return " ".join(said) or "0 seconds"


def short_duration(seconds: float) -> str:
    """The greatest unit alone, for tables: ``3 min``."""
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{max(0, int(seconds))} s"


def run_time(seconds: float | None) -> str:
    """Milliseconds, which is how exactly the queue knows it, to hours: ``12.5 ms``."""
    if seconds is None:
        return "–"
    if seconds < 0.001:  # noqa: PLR2004  # the queue's own resolution
        return "< 1 ms"
    if seconds < 0.9995:  # noqa: PLR2004  # what still rounds to less than 1000 ms
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 100 else duration(seconds)  # noqa: PLR2004  # then units say more
