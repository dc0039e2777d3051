"""What is read of the database, and how often: what changes fast and costs little often, the rest seldom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from musterq.cli.top import history
from musterq.cli.top.reading import Reading
from musterq.cli.top.samples import Samples
from musterq.cli.top.snapshot import Counts, Snapshot, TaskDetail, Tasks, Trends, Trouble, WorkerDetail
from musterq.cli.top.wanted import Kind, Span, Wanted, Which
from musterq.errors import QueueDatabaseError
from musterq.models import TaskFilter
from musterq.monitoring import QueueMonitoring
from musterq.queue.task_queue import TaskQueue

MOST_TASKS = 100
_MOST_HELD = 500
_MOST_LEDGER = 20
_AFTER_A_FAULT = 1.0  # seconds


class Model:
    """Reads for the views. Each reading is granted a share of a core, and is read less often where it needs more.

    Args:
        queue: What is looked at; it is never written to.
        interval: Seconds from one look at the counts to the next.
    """

    def __init__(self, queue: TaskQueue, interval: float) -> None:
        self._queue = queue
        self._monitoring = QueueMonitoring(queue.database)
        self._samples = Samples()
        self._trouble: Trouble | None = None
        self._counts: Reading[None, Counts] = Reading(self._read_counts, seconds=interval, share=0.002)
        self._metrics: Reading[None, Mapping[str, Any]] = Reading(self._read_metrics, seconds=interval, share=0.003)
        self._findings: Reading[None, Sequence[Mapping[str, Any]]] = Reading(self._check, seconds=5, share=0.002)
        self._trends: Reading[Span, Trends] = Reading(self._read_trends, seconds=15, share=0.001)
        self._workers: Reading[None, Sequence[Mapping[str, Any]]] = Reading(
            self._read_workers, seconds=max(1.0, interval), share=0.003
        )
        self._tasks: Reading[Which, Tasks] = Reading(self._read_tasks, seconds=interval, share=0.002)
        self._worker: Reading[str, WorkerDetail] = Reading(self._read_worker, seconds=max(1.0, interval), share=0.003)
        self._task: Reading[int, TaskDetail] = Reading(self._read_task, seconds=interval, share=0.003)

    def refresh(self, wanted: Wanted) -> Snapshot:
        """What is wanted, as it is known now; what cannot be read stays as it was, and the trouble is named."""
        try:
            self._look(wanted)
            self._trouble = None
        except (QueueDatabaseError, ValueError) as error:  # the latter: plain SQL has put in what is no name
            self._trouble = Trouble(message=str(error), since=self._trouble.since if self._trouble else time.time())
        return self._snapshot(wanted.span)

    def read(self, wanted: Wanted) -> Snapshot:
        """What is wanted, as it is known now.

        Raises:
            QueueDatabaseError: it cannot be read.
        """
        self._look(wanted)
        return self._snapshot(wanted.span)

    def wait(self, wanted: Wanted) -> float:
        """In how many seconds the next of it is to be read, or to be tried again."""
        if self._trouble is not None:
            return _AFTER_A_FAULT
        return min(reading.wait(asked) for reading, asked in self._wanted(wanted))

    def forget(self) -> None:
        """Read what a change may have changed at once."""
        for reading in (self._counts, self._metrics, self._findings, self._tasks, self._task, self._worker):
            reading.forget()

    def _look(self, wanted: Wanted) -> None:
        for reading, asked in self._wanted(wanted):
            reading.look(asked)

    def _wanted(self, wanted: Wanted) -> list[tuple[Reading[Any, Any], Any]]:
        readings: list[tuple[Reading[Any, Any], Any]] = [(self._counts, None), *self._wanted_page(wanted)]
        readings += [(self._metrics, None), (self._findings, None)]
        if wanted.span is not Span.LIVE:
            readings.append((self._trends, wanted.span))
        return readings

    def _wanted_page(self, wanted: Wanted) -> list[tuple[Reading[Any, Any], Any]]:
        match wanted.kind:
            case Kind.WORKERS:
                return [(self._workers, None)]
            case Kind.TASKS:
                return [(self._tasks, wanted.which)]
            case Kind.WORKER:
                return [(self._worker, wanted.worker_id)]
            case Kind.TASK:
                return [(self._task, wanted.task_id)]
            case Kind.TYPES | Kind.HEALTH:
                return []

    def _snapshot(self, span: Span) -> Snapshot:
        return Snapshot(
            location=self._queue.database.location,
            at=self._counts.at,
            counts=self._counts.value or Counts(),
            throughput=self._samples.throughput(),
            metrics=self._metrics.value,
            findings=self._findings.value or (),
            trends=self._samples.trends() if span is Span.LIVE else self._trends_of(span),
            workers=self._workers.value,
            workers_at=self._workers.at,
            tasks=self._tasks.value,
            worker=self._worker.value,
            task=self._task.value,
            trouble=self._trouble,
        )

    def _trends_of(self, span: Span) -> Trends:
        known = self._trends.value
        return known if known is not None and self._trends.asked is span else Trends()

    def _read_counts(self, _asked: None) -> Counts:
        counts = Counts(tasks=self._queue.storage.task_counts(), paused=self._queue.paused())
        self._samples.add(time.time(), counts)
        return counts

    def _read_metrics(self, _asked: None) -> Mapping[str, Any]:
        return self._monitoring.get_queue_metrics()

    def _check(self, _asked: None) -> Sequence[Mapping[str, Any]]:
        return self._monitoring.check_health()

    def _read_trends(self, span: Span) -> Trends:
        return history.trends(self._monitoring, span)

    def _read_workers(self, _asked: None) -> Sequence[Mapping[str, Any]]:
        return self._monitoring.get_worker_activity()

    def _read_tasks(self, which: Which) -> Tasks:
        found = self._queue.storage.find(TaskFilter(status=which.status, type=which.type, limit=MOST_TASKS + 1))
        return Tasks(which=which, items=found[:MOST_TASKS], more=len(found) > MOST_TASKS)

    def _read_worker(self, worker_id: str) -> WorkerDetail:
        known = (worker for worker in self._monitoring.get_worker_activity() if worker["worker_id"] == worker_id)
        return WorkerDetail(
            worker_id=worker_id,
            activity=next(known, None),
            held=self._queue.storage.held_tasks(worker_id, _MOST_HELD),
            ledger=self._monitoring.get_ledger(_MOST_LEDGER, worker_id=worker_id),
        )

    def _read_task(self, task_id: int) -> TaskDetail:
        return TaskDetail(task_id=task_id, task=self._queue.get(task_id), explanation=self._monitoring.explain(task_id))
