"""musterq: a durable task queue on one SQLite file that always knows who is at work."""

from typing import Any

from musterq.aio import AsyncTaskQueue
from musterq.clock import Clock
from musterq.current import RunningTask, current_task
from musterq.database import QueueDatabase
from musterq.errors import (
    Cancel,
    MusterqError,
    PermanentError,
    QueueBusyError,
    QueueDatabaseError,
    QueueSchemaError,
    Retry,
    TaskFailedError,
    TaskNotFoundError,
    WaitTimeoutError,
    WorkerIdTakenError,
)
from musterq.events import Events
from musterq.handles import Handle
from musterq.models import Claim, RetryPolicy, SchedulingStrategy, Task, TaskStatus, Worker
from musterq.monitoring import QueueMonitoring
from musterq.pages import Page
from musterq.queue import TaskQueue
from musterq.tasks import TaskDefinition
from musterq.worker import WorkerEngine

__all__ = [
    "AsyncTaskQueue",
    "Cancel",
    "Claim",
    "Clock",
    "Events",
    "Handle",
    "MusterqError",
    "Page",
    "PermanentError",
    "QueueBusyError",
    "QueueDatabase",
    "QueueDatabaseError",
    "QueueMonitoring",
    "QueueSchemaError",
    "Retry",
    "RetryPolicy",
    "RunningTask",
    "SchedulingStrategy",
    "Task",
    "TaskDefinition",
    "TaskFailedError",
    "TaskNotFoundError",
    "TaskQueue",
    "TaskStatus",
    "WaitTimeoutError",
    "Worker",
    "WorkerEngine",
    "WorkerIdTakenError",
    "current_task",
]


def __getattr__(name: str) -> Any:
    """``__version__``, looked up when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("musterq")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
