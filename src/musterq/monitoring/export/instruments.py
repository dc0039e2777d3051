"""What is measured: the names, kinds and labels of all that is exported, whatever it is exported to.

No label has more than a few hundred values, and none is a worker, a host or a task.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is measured; a counter's name ends in ``_total``, and a unit stands before that."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


def _counter(name: str, help: str, *labels: str) -> Instrument:  # noqa: A002  # Prometheus's word
    return Instrument(name=name, kind="counter", help=help, labels=labels)


def _gauge(name: str, help: str, *labels: str) -> Instrument:  # noqa: A002
    return Instrument(name=name, kind="gauge", help=help, labels=labels)


def _histogram(name: str, help: str, *labels: str) -> Instrument:  # noqa: A002
    return Instrument(name=name, kind="histogram", help=help, labels=labels)


#: Of the exporter itself; these are there whether the database can be read or not.
OF_THE_EXPORTER = (
    _gauge("musterq_up", "Whether the queue could be read: 1 or 0."),
    _gauge("musterq_scrape_duration_seconds", "How long reading the queue took."),
    _gauge("musterq_build_info", "Always 1; the version of musterq that reads the queue.", "version"),
)

#: Of the queue.
OF_THE_QUEUE = (
    _counter("musterq_tasks_enqueued_total", "Tasks that were put in.", "type"),
    _counter("musterq_tasks_started_total", "Attempts that were begun.", "type"),
    _counter("musterq_tasks_finished_total", "Tasks that have come to their end, by how.", "type", "outcome"),
    _counter("musterq_task_retries_total", "Attempts that failed and are followed by another.", "type"),
    _counter("musterq_tasks_released_total", "Attempts that were begun and given back without an end.", "type"),
    _counter("musterq_tasks_rescued_total", "Tasks that were taken from a worker that was lost or too slow.", "type"),
    _counter("musterq_tasks_rescued_by_reason_total", "The same by the reason why they were taken.", "reason"),
    _counter(
        "musterq_task_crashes_total", "Attempts whose process died while they ran, or was taken for dead.", "type"
    ),
    _counter("musterq_refused_finishes_total", "Finishes that came too late, and changed nothing.", "type"),
    _histogram("musterq_task_wait_seconds", "From when a task could be begun to when it was.", "type"),
    _histogram("musterq_task_run_seconds", "How long an attempt ran that completed or failed.", "type"),
    _gauge("musterq_tasks", "Tasks that are in the database now.", "type", "status"),
    _gauge(
        "musterq_oldest_queued_task_timestamp_seconds",
        "Since when the oldest queued task waits; absent where none is queued.",
        "type",
    ),
    _gauge("musterq_type_paused", "Whether no worker may take tasks of this type: 1 or 0.", "type"),
    _gauge("musterq_unservable_tasks", "Waiting tasks that no live worker could take.", "type"),
    _gauge("musterq_workers", "Registered workers by what they are doing.", "status"),
    _gauge("musterq_worker_slots", "How many tasks the worker processes that live can run at once."),
    _gauge("musterq_workers_expected", "Workers that are expected to be alive.", "expectation"),
    _gauge("musterq_workers_missing", "Expected workers that are not alive.", "expectation"),
    _gauge("musterq_schedules", "Schedules by whether they tick.", "state"),
    _gauge(
        "musterq_next_tick_timestamp_seconds",
        "When the next schedule ticks; long past where nobody is at work. Absent where none ticks.",
    ),
    _gauge("musterq_database_bytes", "How large the database is, without its write-ahead log."),
    _gauge("musterq_database_free_bytes", "How much of the database holds nothing now."),
    _gauge("musterq_write_ahead_log_bytes", "How large the write-ahead log is."),
    _gauge("musterq_disk_free_bytes", "How much room there is left on the disk of the database."),
    _gauge("musterq_last_checkpoint_timestamp_seconds", "When the log was last copied into the database."),
    _counter("musterq_busy_waits_total", "Times that a writer had to wait for another process."),
    _counter("musterq_busy_wait_seconds_total", "How long they waited together."),
)

#: Everything, by its name.
INSTRUMENTS = {instrument.name: instrument for instrument in (*OF_THE_EXPORTER, *OF_THE_QUEUE)}
