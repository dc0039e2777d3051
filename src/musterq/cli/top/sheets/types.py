"""Types: how many tasks of each there are, how they wait and run, and how many fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from musterq.cli.top.cells import Cell, clean
from musterq.cli.top.figures import age_of, count, time_of
from musterq.cli.top.grid import Column
from musterq.cli.top.place import Place
from musterq.cli.top.sheet import Look, Order, Sheet
from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.symbols import sparkline
from musterq.models import TaskStatus

_CHART = 12


class TypeLine(NamedTuple):
    """A type, its tasks by status, and its figures."""

    type: str
    counts: Mapping[TaskStatus, int]
    figures: Mapping[str, Any]
    paused: bool

    def count(self, status: TaskStatus) -> int:
        """How many of its tasks are there."""
        return self.counts.get(status, 0)

    @property
    def oldest(self) -> float | None:
        """How long its oldest queued task has waited."""
        seconds: float | None = self.figures.get("oldest_queued_task_age_seconds")
        return seconds

    def p95(self, what: str) -> float | None:
        """The 95th percentile of its waits or runs, in seconds."""
        seconds: float | None = self.figures.get(f"{what}_seconds", {}).get("p95")
        return seconds


def _items(snapshot: Snapshot, _place: Place) -> list[TypeLine] | None:
    if not snapshot.at:
        return None
    figures = (snapshot.metrics or {}).get("by_type", {})
    paused = set(snapshot.counts.paused)
    types = snapshot.counts.by_type()
    return [TypeLine(type, counts, figures.get(type, {}), type in paused) for type, counts in types.items()]


def _cells(line: TypeLine, look: Look) -> Sequence[Cell]:
    nothing = look.symbols.nothing
    return (
        Cell(f"{clean(line.type)} (paused)", "yellow") if line.paused else Cell(clean(line.type)),
        Cell(count(line.count(TaskStatus.QUEUED))),
        Cell(sparkline(look.snapshot.trends.depth_of(line.type), _CHART, look.symbols), "blue"),
        Cell(count(line.count(TaskStatus.SCHEDULED))),
        Cell(count(line.count(TaskStatus.PROCESSING)), "cyan" if line.count(TaskStatus.PROCESSING) else ""),
        Cell(count(line.count(TaskStatus.COMPLETED))),
        Cell(count(line.count(TaskStatus.FAILED)), "red" if line.count(TaskStatus.FAILED) else ""),
        Cell(count(line.count(TaskStatus.CANCELLED))),
        Cell(age_of(line.oldest, nothing)),
        Cell(time_of(line.p95("wait"), nothing)),
        Cell(time_of(line.p95("run"), nothing)),
    )


SHEET = Sheet[TypeLine](
    columns=(
        Column("TYPE", clips=True, least=12),
        Column("QUEUED", right=True, least=9),
        Column("TREND", spare=4),
        Column("SCHEDULED", right=True, spare=6),
        Column("RUNNING", right=True),
        Column("COMPLETED", right=True, spare=5),
        Column("FAILED", right=True),
        Column("CANCELLED", right=True, spare=8),
        Column("OLDEST", right=True, spare=2),
        Column("WAIT P95", right=True, spare=3),
        Column("RUN P95", right=True, spare=7),
    ),
    orders=(
        Order("queued", lambda line: line.count(TaskStatus.QUEUED), falling=True),
        Order("running", lambda line: line.count(TaskStatus.PROCESSING), falling=True),
        Order("failed", lambda line: line.count(TaskStatus.FAILED), falling=True),
        Order("completed", lambda line: line.count(TaskStatus.COMPLETED), falling=True),
        Order("oldest", lambda line: line.oldest or 0, falling=True),
        Order("wait", lambda line: line.p95("wait") or 0, falling=True),
        Order("run", lambda line: line.p95("run") or 0, falling=True),
        Order("type", lambda line: line.type),
    ),
    items=_items,
    key=lambda line: line.type,
    cells=_cells,
    words=lambda line: line.type,
    empty="there are no tasks; put one in with: musterq enqueue TYPE",
)
