"""What `QueueMonitoring.get_queue_metrics` tells beside the state of the whole: lately, and by type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musterq.models import QueueMetrics, TaskStatus
from musterq.monitoring.seconds import whole_seconds
from musterq.monitoring.times import RUNS, merged, times_of
from musterq.observations import TALLIED, HistoryRange, Tally
from musterq.storage.base import Storage

_NOTHING = Tally()


def lately(storage: Storage) -> dict[str, Any]:
    """``last_minute``: the last one that is over; ``last_hour``: the last sixty that are, and the one that runs."""
    minute = int(storage.clock.time() // 60) * 60
    return {
        "last_minute": _happened(storage, minute - 60, 60),
        "last_hour": _happened(storage, minute - 3600, 3660),
    }


def _happened(storage: Storage, start: int, seconds: int) -> dict[str, Any]:
    at_once = HistoryRange(start=start, step_seconds=seconds, steps=1, span="minute")
    tallies = {cell.what: cell.tally for cell in storage.history(TALLIED, at_once, by_type=False, timed=True)}
    return {**{what: tallies.get(what, _NOTHING).n for what in TALLIED}, **_times(tallies)}


def _times(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    return {
        "wait_seconds": times_of(tallies.get("started", _NOTHING)),
        "run_seconds": times_of(merged(tallies.get(what) for what in RUNS)),
    }


def by_type(metrics: QueueMetrics, totals: Mapping[str, Mapping[str, Tally]]) -> dict[str, dict[str, Any]]:
    """The tasks of each type that there are now, how long they have waited, and the times of all that ever were."""
    types = sorted({type for type, _ in metrics.counts} | totals.keys())
    return {type: _of_type(type, metrics, totals.get(type, {})) for type in types}


def _of_type(type: str, metrics: QueueMetrics, totals: Mapping[str, Tally]) -> dict[str, Any]:
    age = metrics.oldest_queued_seconds_by_type.get(type)
    return {
        **{status.value: metrics.counts.get((type, status), 0) for status in TaskStatus},
        "oldest_queued_task_age_seconds": None if age is None else whole_seconds(age),
        **_times(totals),
    }
