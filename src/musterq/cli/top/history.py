"""The small charts over an hour or a day, from what the queue itself keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from musterq.cli.top.snapshot import Trends, Values
from musterq.cli.top.wanted import Span
from musterq.models import TaskStatus
from musterq.monitoring import QueueMonitoring

#: What tells of each status: how many waited, how busy the workers were, how many came to each end.
_METRICS = {
    TaskStatus.QUEUED: "depth",
    TaskStatus.PROCESSING: "utilisation",
    TaskStatus.COMPLETED: "completed",
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "cancelled",
}


def trends(monitoring: QueueMonitoring, span: Span) -> Trends:
    """The charts of this span.

    Raises:
        QueueDatabaseError: the database could not do it.
    """

    def series(metric: str, by: Literal["type"] | None = None) -> dict[str | None, Values]:
        found = monitoring.get_history(metric, since=span.seconds, step=span.step, by=by)
        return {line["type"]: line["values"] for line in found["series"]}

    whole = {status.value: series(metric).get(None, ()) for status, metric in _METRICS.items()}
    return Trends(whole=whole, depth_of=_lookup(series("depth", by="type")))


def _lookup(types: dict[str | None, Values]) -> Callable[[str], Values]:
    return lambda type: types.get(type, ())
