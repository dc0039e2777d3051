"""The figures: what the queue holds, how it is doing, and all that it ever did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from musterq.models import QueueMetrics, RunStatistics, TaskStatus
from musterq.monitoring.part import Part
from musterq.monitoring.recent import by_type, lately
from musterq.monitoring.seconds import whole_seconds
from musterq.observations import Turnout


class Figures(Part):
    """How the queue is, from counters."""

    def get_queue_metrics(self) -> dict[str, Any]:
        """Return the state of the queue, at the same small cost at any size.

        Returns a dict with these keys:
            queue_depth_by_status (dict[str, int]): Tasks per status, without zeros.
            queue_depth_by_type (dict[str, int]): Queued tasks per type, without zeros.
            oldest_queued_task_age_seconds (int | None): How long the oldest queued task has waited, since it was put in
                or, if it was delayed or is a retry, since it came due. None: nothing is queued.
            task_statistics (dict[str, dict]): For ``completed`` and ``failed``, where there are any: ``status`` (str),
                ``count`` (int), ``avg_attempts`` (float), and ``avg_run_seconds``, ``p50_run_seconds``,
                ``p95_run_seconds``, ``p99_run_seconds`` (float | None: None, if none was timed).
            success_rate, failure_rate (float | None): Their shares of completed + failed, 0.0 to 1.0. None: there are
                neither.
            total_workers, active_workers, stale_workers (int): All registered; those that beat in the last 60 seconds
                and are not known to be dead; those that have been silent for more than 300.
            last_minute, last_hour (dict): What happened in the last minute that is over, and in the last sixty and the
                one that runs: how often (int), by the words of `get_totals`, and ``wait_seconds`` and ``run_seconds``
                as there, without buckets.
            by_type (dict[str, dict]): For each type: how many tasks (int) of each status there are now;
                ``oldest_queued_task_age_seconds`` (int | None; of tasks that a concurrency key holds only the longest
                waiting of all types is looked at); ``wait_seconds`` and ``run_seconds`` of all that ever were.
            unservable_tasks (int): Waiting tasks that no worker could take; see `get_unservable`.
            expected_workers, missing_workers (int): Over all expectations, how many workers there should be, and how
                many of these there are not; see `get_expectations`.
            paused_types (list[str]).

        All of it is of one moment.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._storage.at_one_moment(self._look)

    def _look(self) -> dict[str, Any]:
        metrics = self._storage.metrics()
        age = metrics.oldest_queued_age_seconds
        return {
            "queue_depth_by_status": metrics.depth_by_status,
            "queue_depth_by_type": metrics.queued_by_type,
            "oldest_queued_task_age_seconds": None if age is None else whole_seconds(age),
            "task_statistics": _statistics(metrics),
            "success_rate": _share(metrics, TaskStatus.COMPLETED),
            "failure_rate": _share(metrics, TaskStatus.FAILED),
            "total_workers": metrics.total_workers,
            "active_workers": metrics.active_workers,
            "stale_workers": metrics.stale_workers,
            **lately(self._storage),
            "by_type": by_type(metrics, self._storage.totals(by_type=True)),
            "unservable_tasks": self._storage.unservable_tasks(),
            **_fleet(self._storage.expectations()),
            "paused_types": self._storage.paused_types(),
        }

    def get_lifetime_totals(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what has ever been finished, tasks that were pruned included, by type and status.

        Returns for each type and each of ``completed``, ``failed`` and ``cancelled`` that there was a dict with these
        keys, the last two of which are counted for completed and failed tasks:
            count (int): How many tasks.
            attempts (int): How many attempts they took together.
            run_seconds (float): How long they ran together.

        Tasks that plain SQL deletes are no longer counted.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        totals: dict[str, dict[str, dict[str, Any]]] = {}
        for (type, status), total in self._storage.lifetime_totals().items():
            totals.setdefault(type, {})[status] = msgspec.structs.asdict(total)
        return totals


def _fleet(turnouts: Sequence[Turnout]) -> dict[str, int]:
    return {
        "expected_workers": sum(turnout.expectation.count for turnout in turnouts),
        "missing_workers": sum(turnout.missing for turnout in turnouts),
    }


def _statistics(metrics: QueueMetrics) -> dict[str, dict[str, Any]]:
    finished = (TaskStatus.COMPLETED.value, TaskStatus.FAILED.value)
    return {status: _figures(metrics.statistics[status]) for status in finished if status in metrics.statistics}


def _figures(statistics: RunStatistics) -> dict[str, Any]:
    return msgspec.structs.asdict(statistics)


def _share(metrics: QueueMetrics, status: TaskStatus) -> float | None:
    completed = metrics.depth_by_status.get(TaskStatus.COMPLETED, 0)
    failed = metrics.depth_by_status.get(TaskStatus.FAILED, 0)
    finished = completed + failed
    return metrics.depth_by_status.get(status, 0) / finished if finished else None
