"""Reading the instruments of a queue, all of one moment, at the same small cost at any number of tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from musterq.models import TAKES_TASKS, TaskStatus
from musterq.monitoring.export.few_names import FewNames, text_of
from musterq.monitoring.export.readings import NO_TIMES, Reading, Readings, Times, gathered
from musterq.monitoring.queue_monitoring import QueueMonitoring
from musterq.observations import Tally
from musterq.storage.base import Storage

OUTCOMES = ("completed", "failed", "cancelled", "expired")
REASONS = ("lock free", "heartbeat too old", "lease over", "removed", "child died", "orphan")
WORKER_STATUSES = ("starting", "idle", "busy", "draining", "wedged", "suspended", "lost", "late", "stale")

#: What is counted of each type, and the counter that shows it.
_COUNTED = {
    "enqueued": "musterq_tasks_enqueued_total",
    "started": "musterq_tasks_started_total",
    "retried": "musterq_task_retries_total",
    "released": "musterq_tasks_released_total",
    "rescued": "musterq_tasks_rescued_total",
    "crashed": "musterq_task_crashes_total",
    "refused": "musterq_refused_finishes_total",
}
#: The histograms, and what stands with the times that they show.
_TIMED = {"musterq_task_wait_seconds": ("started",), "musterq_task_run_seconds": ("completed", "failed", "retried")}
_STATUSES = frozenset(TaskStatus)  # plain SQL may have written others
NOTHING = Tally()


class Reader:
    """Reads the instruments of a queue.

    Only the first 200 types that it meets have series of their own, the busiest first; all others share ``(others)``.
    The same goes for expectations. Any thread may read.

    Args:
        monitoring: The queue.
    """

    def __init__(self, monitoring: QueueMonitoring) -> None:
        if not isinstance(monitoring, QueueMonitoring):
            raise TypeError(f"this reads a QueueMonitoring, not {type(monitoring).__name__}")
        self._database = monitoring.database
        self._types = FewNames()
        self._expectations = FewNames()

    def read(self) -> Readings:
        """Read them all.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._storage.at_one_moment(lambda: gathered(self._all()))

    @property
    def _storage(self) -> Storage:
        return self._database.storage

    def _all(self) -> Iterator[Reading]:
        yield from self._tasks()
        yield from self._rescues()
        yield from self._workers()
        yield from self._expected()
        yield from self._schedules()
        yield from self._condition()

    def _tasks(self) -> Iterator[Reading]:
        totals, metrics = self._storage.totals(by_type=True), self._storage.metrics()
        paused, unservable = self._storage.paused_types(), self._storage.unservable()
        busiest = sorted(totals, key=lambda type: (-totals[type].get("enqueued", NOTHING).n, type))
        others = {*(type for type, _ in metrics.counts), *paused, *(lane.type for lane in unservable)}
        labels = self._types.labels_of([*busiest, *sorted(others, key=text_of)])
        for label in dict.fromkeys(labels.values()):
            yield from _nothing(label)
        for type, tallies in totals.items():
            yield from _happened(labels[type], tallies)
        for (type, status), n in metrics.counts.items():
            if status in _STATUSES:
                yield Reading("musterq_tasks", (labels[type], status), n)
        for type, seconds in metrics.oldest_queued_seconds_by_type.items():
            since = round(self._storage.clock.time() - seconds, 2)
            yield Reading("musterq_oldest_queued_task_timestamp_seconds", (labels[type],), since)
        for type in paused:
            yield Reading("musterq_type_paused", (labels[type],), 1)
        for lane in unservable:
            yield Reading("musterq_unservable_tasks", (labels[lane.type],), lane.waiting)

    def _rescues(self) -> Iterator[Reading]:
        by_reason = dict.fromkeys(REASONS, 0) | self._storage.ledger_totals().get("rescued", {})
        for reason, n in by_reason.items():
            yield Reading("musterq_tasks_rescued_by_reason_total", (reason,), n)

    def _workers(self) -> Iterator[Reading]:
        activity = self._storage.worker_activity()
        by_status = Counter(dict.fromkeys(WORKER_STATUSES, 0))
        by_status.update(worker.status for worker in activity)
        for status, n in by_status.items():
            yield Reading("musterq_workers", (status,), n)
        slots = sum(worker.concurrency or 1 for worker in activity if worker.status in TAKES_TASKS)
        yield Reading("musterq_worker_slots", (), slots)

    def _expected(self) -> Iterator[Reading]:
        turnouts = self._storage.expectations()
        labels = self._expectations.labels_of(turnout.expectation.name for turnout in turnouts)
        for turnout in turnouts:
            label = labels[turnout.expectation.name]
            yield Reading("musterq_workers_expected", (label,), turnout.expectation.count)
            yield Reading("musterq_workers_missing", (label,), turnout.missing)

    def _schedules(self) -> Iterator[Reading]:
        schedules = self._storage.schedules()
        ticking = [schedule.next_at for schedule in schedules if not schedule.paused]
        yield Reading("musterq_schedules", ("ticking",), len(ticking))
        yield Reading("musterq_schedules", ("paused",), len(schedules) - len(ticking))
        if ticking:
            yield Reading("musterq_next_tick_timestamp_seconds", (), min(ticking).timestamp())

    def _condition(self) -> Iterator[Reading]:
        condition = self._storage.condition()
        yield Reading("musterq_database_bytes", (), condition.database_bytes)
        yield Reading("musterq_database_free_bytes", (), condition.free_bytes)
        yield Reading("musterq_write_ahead_log_bytes", (), condition.log_bytes)
        yield Reading("musterq_busy_waits_total", (), condition.busy_waits.count)
        yield Reading("musterq_busy_wait_seconds_total", (), condition.busy_waits.seconds)
        if condition.disk_free_bytes is not None:
            yield Reading("musterq_disk_free_bytes", (), condition.disk_free_bytes)
        if condition.copied_at is not None:
            yield Reading("musterq_last_checkpoint_timestamp_seconds", (), condition.copied_at.timestamp())


def _nothing(label: str) -> Iterator[Reading]:
    """Zeros, so that a first failure is seen to rise from nothing, and not to appear."""
    for counter in _COUNTED.values():
        yield Reading(counter, (label,), 0)
    for outcome in OUTCOMES:
        yield Reading("musterq_tasks_finished_total", (label, outcome), 0)
    for histogram in _TIMED:
        yield Reading(histogram, (label,), NO_TIMES)
    for status in TaskStatus:
        yield Reading("musterq_tasks", (label, status.value), 0)
    yield Reading("musterq_type_paused", (label,), 0)
    yield Reading("musterq_unservable_tasks", (label,), 0)


def _happened(label: str, tallies: Mapping[str, Tally]) -> Iterator[Reading]:
    """What has ever happened to tasks of a type."""
    for what, counter in _COUNTED.items():
        yield Reading(counter, (label,), tallies.get(what, NOTHING).n)
    for outcome in OUTCOMES:
        yield Reading("musterq_tasks_finished_total", (label, outcome), tallies.get(outcome, NOTHING).n)
    for histogram, timed in _TIMED.items():
        for what in timed:
            tally = tallies.get(what, NOTHING)
            yield Reading(histogram, (label,), Times.of(tally.buckets, tally.ms))
