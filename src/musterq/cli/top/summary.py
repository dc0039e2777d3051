"""What is seen first: tasks by status, how they flow, and who is at work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musterq.cli.tables import STYLES
from musterq.cli.top.cells import Cell, Line, fitted, in_columns
from musterq.cli.top.figures import age_of, count, rate, share, time_of
from musterq.cli.top.sheet import Look
from musterq.cli.top.symbols import sparkline
from musterq.cli.top.wanted import Span
from musterq.models import TaskStatus

_LABEL, _FIGURE, _LEAST_CHART, _MOST_CHART = 11, 9, 7, 61
_STATUSES = _LABEL + _FIGURE + 1 + _LEAST_CHART  # and wider where there is room
_FLOW = 10 + 2 * _FIGURE
_FLEET = _LABEL + _FIGURE + 1
_MINUTE, _HOUR = 60, 3_600
_FINISHED = ("completed", "failed", "cancelled", "expired")


def summary(look: Look, span: Span, width: int) -> list[Line]:
    """The panels beside one another; who is at work goes into one line below where the others need all the room."""
    fleet = _fleet(look)
    beside = width >= _STATUSES + _FLOW + _FLEET + 2
    room = width - _FLOW - 1 - (_FLEET + 1 if beside else 0)
    panels = [(_statuses(look, span, room), room), (_flow(look), _FLOW)]
    if beside:
        return _joined([*panels, (fleet, _FLEET)], look)
    told = [
        Cell(f"{label.text.strip()} {value.text.strip()}  ", value.style)
        for label, value in fleet
        if value.text.strip() != "0"
    ]
    return [*_joined(panels, look), fitted(told, width, look.symbols.clip)]


def _joined(panels: Sequence[tuple[Sequence[Line], int]], look: Look) -> list[Line]:
    """Panels of as many lines each, with a blank between them."""
    rows = zip(*(lines for lines, _ in panels), strict=True)
    widths = [width for _, width in panels]
    return [
        [cell for line, width in zip(row, widths, strict=True) for cell in (*_cut(line, width, look), Cell(" "))][:-1]
        for row in rows
    ]


def _cut(line: Line, width: int, look: Look) -> list[Cell]:
    return in_columns(line, width, look.symbols.clip)


def _statuses(look: Look, span: Span, width: int) -> list[Line]:
    counts = look.snapshot.counts.by_status()
    chart = min(max(0, width - _LABEL - _FIGURE - 1), _MOST_CHART)
    title = [Cell("TASKS".ljust(_LABEL + _FIGURE), "bold"), Cell(f" {span.words.upper():>{chart}}", "dim")]
    return [title, *(_status(status, counts[status], chart, look) for status in TaskStatus)]


def _status(status: TaskStatus, n: int, chart: int, look: Look) -> Line:
    style = STYLES[status.value] if status.value in STYLES and n else ""
    values = look.snapshot.trends.whole.get(status.value, ())
    return [
        Cell(status.value.ljust(_LABEL), style),
        Cell(f"{count(n):>{_FIGURE}} "),
        Cell(sparkline(values, chart, look.symbols), STYLES.get(status.value, "blue")),
    ]


def _flow(look: Look) -> list[Line]:
    """How fast tasks finish, how many fail, how long they wait and run: in the last minute, and in the last hour."""
    metrics, nothing = look.snapshot.metrics or {}, look.symbols.nothing
    minute, hour = metrics.get("last_minute", {}), metrics.get("last_hour", {})
    return [
        _pair("", "1 MIN", "1 HOUR", "bold"),
        _pair("finished", rate(_finished(minute, _MINUTE), nothing), rate(_finished(hour, _HOUR), nothing)),
        _failed(minute, hour, nothing),
        *(
            _pair(f"{what} {percentile}", *(_time(span, what, percentile, nothing) for span in (minute, hour)))
            for what, percentile in (("wait", "p50"), ("wait", "p95"), ("wait", "p99"), ("run", "p95"))
        ),
    ]


def _pair(label: str, minute: str, hour: str, style: str = "") -> Line:
    return [Cell(label.ljust(_FLOW - 2 * _FIGURE)), Cell(f"{minute:>{_FIGURE}}{hour:>{_FIGURE}}", style)]


def _finished(span: Mapping[str, Any], seconds: int) -> float | None:
    return sum(span.get(what, 0) for what in _FINISHED) / seconds if span else None


def _failed(minute: Mapping[str, Any], hour: Mapping[str, Any], nothing: str) -> Line:
    rates = [_failure_rate(span) for span in (minute, hour)]
    return _pair("failed", share(rates[0], nothing), share(rates[1], nothing), "red" if any(rates) else "")


def _failure_rate(span: Mapping[str, Any]) -> float | None:
    failed, completed = span.get("failed", 0), span.get("completed", 0)
    return failed / (failed + completed) if failed + completed else None


def _time(span: Mapping[str, Any], what: str, percentile: str, nothing: str) -> str:
    return time_of(span.get(f"{what}_seconds", {}).get(percentile), nothing)


def _fleet(look: Look) -> list[Line]:
    """How it is right now: the pace, the oldest task, who is at work, and what nobody does."""
    metrics, nothing = look.snapshot.metrics or {}, look.symbols.nothing
    active, total = metrics.get("active_workers"), metrics.get("total_workers")
    paused = len(look.snapshot.counts.paused)
    return [
        [Cell("now".ljust(_LABEL)), Cell(f"{rate(look.snapshot.throughput, nothing):>{_FIGURE}}", "bold")],
        _fact("oldest", age_of(metrics.get("oldest_queued_task_age_seconds"), nothing)),
        _fact("workers", nothing if active is None else f"{active:,}/{total:,}"),
        _alarm("stale", metrics.get("stale_workers", 0)),
        _alarm("missing", metrics.get("missing_workers", 0)),
        _alarm("unservable", metrics.get("unservable_tasks", 0)),
        _fact("paused", str(paused), "yellow" if paused else ""),
    ]


def _alarm(label: str, n: int) -> Line:
    return _fact(label, count(n), "red bold" if n else "")


def _fact(label: str, text: str, style: str = "") -> Line:
    return [Cell(label.ljust(_LABEL)), Cell(f"{text:>{_FIGURE}}", style)]
