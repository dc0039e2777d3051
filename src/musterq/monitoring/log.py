"""The words of every log line: events in, standard ``logging`` out, with the facts as attributes of the records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from musterq.errors import MusterqError
from musterq.events import Events
from musterq.monitoring.json_log import facts_for_record
from musterq.scalars import shown

WORKER = logging.getLogger("musterq.worker")
TASK = logging.getLogger("musterq.task")

#: Event to logger, level, and words, which are filled with the facts of the event.
LINES: Mapping[str, tuple[logging.Logger, int, str]] = {
    "worker.announced": (
        WORKER,
        logging.INFO,
        (
            "musterq %(version)s: a worker for %(target)s on %(database)s; takes %(takes)s; offers %(offers)s;"
            " Ctrl-C or SIGTERM stops it"
        ),
    ),
    "worker.started": (
        WORKER,
        logging.INFO,
        "worker %(worker_id)s started on %(database)s: %(concurrency)d tasks at once, %(strategy)s, types %(types)s",
    ),
    "worker.stopping": (
        WORKER,
        logging.INFO,
        "worker %(worker_id)s claims nothing more (%(reason)s); tasks it still holds: %(running)d",
    ),
    "worker.stopped": (WORKER, logging.INFO, "worker %(worker_id)s stopped (%(reason)s)"),
    "worker.removed": (WORKER, logging.WARNING, "worker %(worker_id)s was removed from the queue by somebody; it ends"),
    "supervisor.started": (
        WORKER,
        logging.INFO,
        "supervisor: its workers are at work on %(database)s; at least %(least)d run, at most %(most)d",
    ),
    "supervisor.stopping": (WORKER, logging.INFO, "supervisor: stops its workers; %(running)d run"),
    "supervisor.stopped": (WORKER, logging.INFO, "supervisor: stopped; no worker is left"),
    "process.started": (WORKER, logging.INFO, "supervisor: started %(worker_id)s as process %(pid)d"),
    "process.ended": (WORKER, logging.INFO, "supervisor: %(worker_id)s (process %(pid)d) %(how)s"),
    "process.died": (
        WORKER,
        logging.WARNING,
        "supervisor: %(worker_id)s (process %(pid)d) %(how)s and starts again in %(restart_in_seconds).1f s",
    ),
    "process.killed": (
        WORKER,
        logging.WARNING,
        "supervisor: %(worker_id)s (process %(pid)d) did not end in its grace time and is killed",
    ),
    "reload.started": (WORKER, logging.INFO, "reload: looks at the code that is there now"),
    "reload.finished": (WORKER, logging.INFO, "reload: every worker runs the new code"),
    "reload.failed": (WORKER, logging.ERROR, "reload: %(error)s; the old code goes on"),
    "task.completed": (TASK, logging.DEBUG, "task %(task_id)d (%(type)s) completed on attempt %(attempt)s"),
    "task.failed": (TASK, logging.WARNING, "task %(task_id)d (%(type)s) failed on attempt %(attempt)s: %(error)s"),
    "task.retried": (
        TASK,
        logging.WARNING,
        "task %(task_id)d (%(type)s) failed on attempt %(attempt)s and will run again: %(error)s",
    ),
    "task.crashed": (
        TASK,
        logging.ERROR,
        "task %(task_id)d (%(type)s) took its process along, and is %(status)s: %(error)s",
    ),
    "suspect.unguarded": (
        TASK,
        logging.WARNING,
        "task %(task_id)d (%(type)s), whose process died, runs in a thread again: no child can find %(handler)s",
    ),
    "task.cancelled": (TASK, logging.INFO, "task %(task_id)d (%(type)s) was cancelled: %(error)s"),
    "task.released": (TASK, logging.DEBUG, "task %(task_id)d (%(type)s) was given back"),
    "worker.lost": (WORKER, logging.WARNING, "worker %(worker_id)s is lost (%(reason)s); it held tasks: %(tasks)s"),
    "task.lost": (
        TASK,
        logging.WARNING,
        "task %(task_id)d (%(type)s) was taken back from %(worker_id)s while it held it: its end will be refused",
    ),
    "tasks.rescued": (
        WORKER,
        logging.WARNING,
        "tasks came back from lost workers or leases: queued %(queued)s, failed %(failed)s, cancelled %(cancelled)s",
    ),
    "tasks.pruned": (
        WORKER,
        logging.INFO,
        "pruned %(tasks)d old tasks and %(entries)d entries of the ledger; the file gave back %(bytes)d bytes",
    ),
    "log.pinned": (
        WORKER,
        logging.WARNING,
        (
            "the write-ahead log has grown to %(bytes)d bytes, since process %(pid)d (%(command)s) has kept a read "
            "transaction open for over %(seconds).0f s: end that transaction, or the process, and it is cut by itself"
        ),
    ),
    "tasks.expired": (TASK, logging.WARNING, "%(count)d tasks expired before anybody started them"),
    "schedule.ticked": (TASK, logging.DEBUG, "schedule %(schedule)s ticked: tasks %(task_ids)s (%(type)s)"),
    "schedule.missed": (
        WORKER,
        logging.WARNING,
        "schedule %(schedule)s missed %(missed)d ticks while no worker ran (tasks enqueued now: %(enqueued)d)",
    ),
    "schedule.failed": (
        WORKER,
        logging.ERROR,
        "schedule %(schedule)s cannot tick here: %(error)s; mend that, or: musterq schedules --remove '%(schedule)s'",
    ),
    "finish.refused": (
        TASK,
        logging.WARNING,
        "task %(task_id)d (%(type)s) ended as %(status)s, but was no longer held: its lease was over or it was removed",
    ),
    "storage.failed": (WORKER, logging.ERROR, "worker %(worker_id)s cannot use the database: %(error)s"),
    "exporter.started": (
        WORKER,
        logging.INFO,
        "the metrics of %(database)s are at %(url)s; Ctrl-C or SIGTERM ends this",
    ),
    "metrics.failed": (
        WORKER,
        logging.WARNING,
        "the figures of the queue cannot be read, and are left out this time: %(error)s",
    ),
    "service.failed": (
        WORKER,
        logging.ERROR,
        "%(service)s failed and runs again in %(retry_in_seconds).1f s: %(error)s",
    ),
}


def log_events(events: Events) -> Callable[[], None]:
    """Log what happens, under ``musterq.worker`` and ``musterq.task``; returns what ends that."""
    return events.subscribe(log_event)


def log_event(name: str, facts: Mapping[str, Any]) -> None:
    """Log one event; those without words here are for others."""
    line = LINES.get(name)
    if line is None:
        return
    logger, level, words = line
    if logger.isEnabledFor(level):
        extra = {"event": name, **facts_for_record(facts)}
        logger.log(level, words, _short(facts), exc_info=_unforeseen(facts.get("error")), extra=extra)


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    short = {name: _listed(value) if isinstance(value, tuple) else value for name, value in facts.items()}
    if short.get("error", "") is None:  # the task was cancelled without one
        short["error"] = "on request"
    return short


def _listed(ids: tuple[object, ...]) -> str:
    """The first of them: ``7, 8``."""
    return shown(ids).strip("(,)") or "none"


def _unforeseen(error: object) -> BaseException | None:
    """The error, where its traceback helps: one that musterq raised says what to do in its message."""
    return error if isinstance(error, BaseException) and not isinstance(error, MusterqError) else None
