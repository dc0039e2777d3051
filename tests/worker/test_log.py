"""The words of log lines."""

from __future__ import annotations

import logging

import pytest

from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.models import RetryPolicy
from musterq.monitoring.log import LINES, log_events
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine


def test_a_life_of_a_worker_in_log_lines(queue: TaskQueue, caplog: pytest.LogCaptureFixture) -> None:
    """Start and end at INFO, one line for each failure at WARNING, nothing of what went well."""

    @queue.task()
    def good() -> None: ...

    @queue.task(retry=RetryPolicy(initial_seconds=0.0, jitter=0.0), max_attempts=2)
    def bad() -> None:
        raise OSError("no such file")

    good.enqueue()
    handle = bad.enqueue()
    caplog.set_level(logging.INFO, "musterq")
    log_events(queue.events)
    WorkerEngine(queue, worker_id="w1", burst=True).run()
    lines = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    name = f"task {handle.id} (bad)"
    assert lines == [
        (
            "musterq.worker",
            "INFO",
            f"worker w1 started on {queue.database.location}: 8 tasks at once, priority, types ['bad', 'good']",
        ),
        ("musterq.task", "WARNING", f"{name} failed on attempt 1 and will run again: OSError: no such file"),
        ("musterq.task", "WARNING", f"{name} failed on attempt 2: OSError: no such file"),
        ("musterq.worker", "INFO", "worker w1 claims nothing more (drained); tasks it still holds: 0"),
        ("musterq.worker", "INFO", "worker w1 stopped (drained)"),
    ]


def test_what_went_well_is_logged_at_debug(queue: TaskQueue, caplog: pytest.LogCaptureFixture) -> None:
    """For those who want to see each task."""

    @queue.task()
    def good() -> None: ...

    handle = good.enqueue()
    caplog.set_level(logging.DEBUG, "musterq")
    log_events(queue.events)
    WorkerEngine(queue, burst=True).run()
    assert f"task {handle.id} (good) completed on attempt 1" in caplog.messages


def test_every_line_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    """From the facts that its event has."""
    facts = {
        "version": "0.1.0",
        "target": "shop:queue",
        "takes": "mail",
        "offers": "no capabilities",
        "worker_id": "w1",
        "database": "queue.db",
        "concurrency": 8,
        "strategy": "fifo",
        "types": ["mail"],
        "reason": "asked",
        "running": 1,
        "task_id": 7,
        "type": "mail",
        "attempt": 2,
        "status": "completed",
        "handler": "<FunctionTask 'mail': shop.<locals>.mail>",
        "queued": (1, 2),
        "failed": (),
        "cancelled": (),
        "service": "musterq-scheduler",
        "tasks": 4,
        "entries": 5,
        "bytes": 4096,
        "pid": 4711,
        "command": "python report.py",
        "seconds": 12.0,
        "error": QueueDatabaseError("the disk is full"),
        "retry_in_seconds": 0.5,
        "count": 3,
        "schedule": "nightly",
        "task_ids": (7, 8),
        "missed": 2,
        "enqueued": 1,
        "how": "was killed by SIGKILL (peak memory 60 MiB)",
        "restart_in_seconds": 0.4,
        "url": "http://127.0.0.1:9180/metrics",
        "least": 0,
        "most": 4,
    }
    caplog.set_level(logging.DEBUG, "musterq")
    events = Events()
    end = log_events(events)
    for name in LINES:
        events.emit(name, **facts)
    assert len(caplog.messages) == len(LINES)
    end()
    events.emit("worker.stopped", **facts)
    assert len(caplog.messages) == len(LINES)


def test_a_task_that_was_cancelled_without_an_error_is_logged_without_one(caplog: pytest.LogCaptureFixture) -> None:
    """It was given back after somebody had asked for its end."""
    caplog.set_level(logging.INFO, "musterq")
    events = Events()
    log_events(events)
    events.emit("task.cancelled", task_id=7, type="mail", error=None)
    assert caplog.messages == ["task 7 (mail) was cancelled: on request"]


@pytest.mark.parametrize(
    ("tasks", "words"), [((), "none"), ((7,), "7"), ((7, 8), "7, 8"), (tuple(range(9)), "0, 1, 2, 3, 4, 5, ...")]
)
def test_ids_are_listed(caplog: pytest.LogCaptureFixture, tasks: tuple[int, ...], words: str) -> None:
    """Of many only the first."""
    events = Events()
    log_events(events)
    events.emit("worker.lost", worker_id="w1", reason="lock free", tasks=tasks)
    assert caplog.messages == [f"worker w1 is lost (lock free); it held tasks: {words}"]


def test_a_number_of_attempts_that_is_text_is_logged_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """Plain SQL may have put it in."""
    events = Events()
    log_events(events)
    events.emit("task.failed", task_id=7, type="mail", attempt="many", error="refused")
    assert caplog.messages == ["task 7 (mail) failed on attempt many: refused"]


def test_a_traceback_is_logged_where_the_error_is_unforeseen(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the database says in its message what to do; any other is shown with its place."""
    events = Events()
    log_events(events)
    for error in (QueueDatabaseError("the disk is full"), ZeroDivisionError("division by zero")):
        events.emit("service.failed", service="musterq-scheduler", error=error, retry_in_seconds=0.5)
    assert [record.exc_info is not None for record in caplog.records] == [False, True]


def test_an_event_without_words_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is there for others."""
    events = Events()
    log_events(events)
    events.emit("task.enqueued", task_id=1)
    assert caplog.messages == []
