"""What tests of the history ask for, in short words."""

from __future__ import annotations

from musterq.observations import TALLIED, HistoryRange, Tally
from musterq.storage.base import Storage

MINUTE, HOUR, DAY = 60, 3600, 86400
_SECONDS = {"minute": MINUTE, "hour": HOUR, "day": DAY}


def happened(storage: Storage, type: str = "mail") -> dict[str, int]:
    """How often what ever happened to tasks of a type."""
    return {what: tally.n for what, tally in storage.totals(by_type=True).get(type, {}).items()}


def in_all(storage: Storage) -> dict[str, int]:
    """How often what ever happened."""
    return {what: tally.n for what, tally in storage.totals(by_type=False).get("", {}).items()}


def steps(storage: Storage, what: str, span: str, steps: int, *, type: str | None = None) -> list[int]:
    """How often something happened in each of the last steps, the current one last."""
    seconds = _SECONDS[span]
    now = int(storage.clock.time()) // seconds * seconds
    within = HistoryRange(start=now - (steps - 1) * seconds, step_seconds=seconds, steps=steps, span=span)
    found = {
        cell.place: cell.tally.n
        for cell in storage.history([what], within, by_type=type is not None, timed=False)
        if cell.type == (type or "")
    }
    return [found.get(place, 0) for place in range(steps)]


def everything(storage: Storage, days: int = 3) -> list[tuple[str, int, str, str, Tally]]:
    """Every cell of the last days, in every span, of all types and by type, with its times; and all that ever was."""
    cells: list[tuple[str, int, str, str, Tally]] = []
    for by_type in (False, True):
        for type, tallies in storage.totals(by_type=by_type).items():
            cells += [("ever", 0, type, what, tally) for what, tally in tallies.items()]
        for span, seconds in _SECONDS.items():
            start = (int(storage.clock.time()) // DAY - days) * DAY
            within = HistoryRange(start=start, step_seconds=seconds, steps=(days + 2) * DAY // seconds, span=span)
            for cell in storage.history(TALLIED, within, by_type=by_type, timed=True):
                cells.append((span, cell.place, cell.type, cell.what, cell.tally))
    return sorted(cells, key=lambda cell: cell[:4])
