"""QueueMonitoring: who is registered and beating, and what the queue holds.

Names, defaults, return types and errors are fixed: existing programs are written against them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from musterq.checks import capabilities_text, check_seconds, check_worker_id
from musterq.clock import datetime_to_text
from musterq.database import QueueDatabase
from musterq.models import ACTIVE_SECONDS, STALE_SECONDS, QueueMetrics, RunStatistics, TaskStatus, Worker
from musterq.records import LedgerEntry
from musterq.scalars import check_id, check_limit


class QueueMonitoring:
    """The roll of a queue's workers, and its figures.

    Every method may be called from any thread. Ages are judged by the database's clocks, never by the caller's.

    Args:
        database: The queue to look at. Its tables are looked for at the first call, not here.
    """

    def __init__(self, database: QueueDatabase) -> None:
        if not isinstance(database, QueueDatabase):
            raise TypeError(f"QueueMonitoring wants a QueueDatabase, not {type(database).__name__}")
        self._database = database

    def register_worker(self, worker_id: str, capabilities: dict[str, Any] | None = None) -> None:
        """Add a worker, or replace the capabilities of one that is there; both count as a heartbeat.

        Args:
            worker_id: The name of the worker, unique in this queue.
            capabilities: What it can do, as JSON's own types; None is the same as ``{}``.

        Raises:
            TypeError, ValueError: the id or the capabilities cannot be stored; nothing was written.
            QueueDatabaseError: the database could not do it.
        """
        checked_id, text = check_worker_id(worker_id), capabilities_text(capabilities)
        self._database.storage.register(checked_id, text)

    def update_heartbeat(self, worker_id: str) -> bool:
        """Say that a worker is alive now. Returns False if there is no such worker.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._database.storage.heartbeat(checked_id)

    def get_worker(self, worker_id: str) -> Worker | None:
        """Return one worker, or None if there is no such worker.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._database.storage.worker(checked_id)

    def get_all_workers(self) -> list[Worker]:
        """Return every registered worker, by ``worker_id``.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._database.storage.workers()

    def get_active_workers(self, active_threshold_seconds: float = ACTIVE_SECONDS) -> list[Worker]:
        """Return the workers that beat lately and are not known to be dead, newest heartbeat first.

        Args:
            active_threshold_seconds: The greatest age in seconds; a heartbeat of exactly this age is active.

        Raises:
            TypeError, ValueError: the threshold is no number of seconds, negative, or over a century.
            QueueDatabaseError: the database could not do it.
        """
        seconds = check_seconds("active_threshold_seconds", active_threshold_seconds)
        return self._database.storage.active_workers(seconds)

    def get_stale_workers(self, stale_threshold_seconds: float = STALE_SECONDS) -> list[Worker]:
        """Return the workers that have been silent for long, oldest heartbeat first.

        Args:
            stale_threshold_seconds: The age in seconds; only a heartbeat that is older than this is stale.

        Raises:
            TypeError, ValueError: the threshold is no number of seconds, negative, or over a century.
            QueueDatabaseError: the database could not do it.
        """
        seconds = check_seconds("stale_threshold_seconds", stale_threshold_seconds)
        return self._database.storage.stale_workers(seconds)

    def remove_worker(self, worker_id: str) -> bool:
        """Take a worker off the roll. Returns False if there is no such worker.

        Tasks that it held are queued again at once if it is dead or was registered without a liveness lock. One that is
        alive learns it from its next heartbeat, finishes or gives back what it holds, and exits; what is left then is
        queued again when its lease is over, so that nothing runs twice.

        May be called from a signal handler that interrupted another call of the same thread.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._database.storage.remove_worker(checked_id)

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

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        metrics = self._database.storage.metrics()
        age = metrics.oldest_queued_age_seconds
        return {
            "queue_depth_by_status": metrics.depth_by_status,
            "queue_depth_by_type": metrics.queued_by_type,
            "oldest_queued_task_age_seconds": None if age is None else _whole_seconds(age),
            "task_statistics": _statistics(metrics),
            "success_rate": _share(metrics, TaskStatus.COMPLETED),
            "failure_rate": _share(metrics, TaskStatus.FAILED),
            "total_workers": metrics.total_workers,
            "active_workers": metrics.active_workers,
            "stale_workers": metrics.stale_workers,
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
        for (type, status), total in self._database.storage.lifetime_totals().items():
            totals.setdefault(type, {})[status] = msgspec.structs.asdict(total)
        return totals

    def get_worker_activity(self) -> list[dict[str, Any]]:
        """Return what every registered worker is doing, newest heartbeat first.

        Returns a list of dicts with these keys, and more as they become known:
            worker_id (str), capabilities (str): The latter is JSON text.
            heartbeat_utc (str): ``YYYY-MM-DD HH:MM:SS.mmm``, UTC.
            seconds_since_heartbeat (int): Truncated, never negative.
            status (str): ``starting``, ``idle``, ``busy``, ``draining``, ``wedged``, ``suspended``, ``lost``, or,
                without a liveness lock, ``late`` and ``stale``.
            status_reason (str): Why, in words.
            status_since_utc (str): Since when, as far as that is known; in the form of ``heartbeat_utc``.
            tasks_in_flight (int): How many tasks it holds.
            host (str | None), pid (int | None): None for a worker that no worker process registered.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return [
            {
                "worker_id": worker.worker_id,
                "capabilities": worker.capabilities,
                "heartbeat_utc": worker.heartbeat_utc,
                "seconds_since_heartbeat": _whole_seconds(worker.heartbeat_age_seconds),
                "status": worker.status,
                "status_reason": worker.status_reason,
                "status_since_utc": worker.status_since_utc,
                "tasks_in_flight": worker.tasks_in_flight,
                "host": worker.host,
                "pid": worker.pid,
            }
            for worker in self._database.storage.worker_activity()
        ]

    def get_ledger(
        self,
        limit: int = 100,
        *,
        task_id: int | None = None,
        worker_id: str | None = None,
        before_id: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return what was taken from workers, and the finishes that came too late, newest first.

        Args:
            limit: How many entries at most.
            task_id: Of this task only.
            worker_id: Of this worker only.
            before_id: Older than the entry of this ``ledger_id`` only, for the next page.

        Returns a list of dicts with these keys, of which those from ``type`` on are None where they are not known:
            ledger_id (int), at_utc (str): When it was written; ``YYYY-MM-DD HH:MM:SS.mmm``, UTC.
            event (str): ``rescued``, or ``refused``: a finish whose claim was no longer held.
            reason (str): ``lock free``, ``lease over``, ``removed``, ``heartbeat too old``, ``child died``, ``orphan``,
                or ``not held``.
            task_id (int): The task, which may be gone by now.
            type (str), attempt (int), worker_id (str), host (str), pid (int): Which task, and who held it.
            became (str): The status that the task was given, or the one that was refused.
            last_heartbeat_utc (str): Of the worker, as it was then.
            lost_seconds (float): How long the attempt had been running.
            detail (str): How the process died.

        Raises:
            TypeError, ValueError: an argument is none of these.
            QueueDatabaseError: the database could not do it.
        """
        most = check_limit(limit)
        task = None if task_id is None else check_id("task_id", task_id)
        worker = None if worker_id is None else check_worker_id(worker_id)
        before = None if before_id is None else check_id("before_id", before_id)
        entries = self._database.storage.ledger(most, task_id=task, worker_id=worker, before_id=before)
        return [_entry(entry) for entry in entries]

    def get_ledger_totals(self) -> dict[str, dict[str, int]]:
        """Return how often each event of the ledger happened, by reason; what was pruned stays counted.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._database.storage.ledger_totals()


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    values = msgspec.structs.asdict(entry)
    return {name: datetime_to_text(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _whole_seconds(seconds: float) -> int:
    return max(0, int(seconds))


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
