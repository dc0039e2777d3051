"""Durations and shares as people say them."""

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


def size(count: int) -> str:
    """Bytes in the unit that suits them: ``3.2 MB``."""
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def percent(share: float | None) -> str:
    """``98.0 %``; a dash where there is nothing to share."""
    return "–" if share is None else f"{share:.1%}".replace("%", " %")
