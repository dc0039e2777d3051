"""musterq: a durable task queue on one SQLite file that always knows who is at work.

The public names are imported when they are first asked for, so that a command line pays for what it uses only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musterq.clock import Clock
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
        TaskLost,
        TaskNotFoundError,
        TaskTimeout,
        WaitTimeoutError,
        WorkerIdTakenError,
        WorkerLoadError,
    )
    from musterq.events import Events
    from musterq.models import Claim, RetryPolicy, SchedulingStrategy, Task, TaskStatus, Worker
    from musterq.monitoring import QueueMonitoring
    from musterq.queue.aio import AsyncGroupHandle, AsyncHandle, AsyncTaskQueue
    from musterq.queue.current import RunningTask, current_task
    from musterq.queue.groups import GroupHandle
    from musterq.queue.handles import Handle
    from musterq.queue.pages import Page
    from musterq.queue.parts import Parallel, Part
    from musterq.queue.producing import EnqueueItem
    from musterq.queue.task_queue import TaskQueue
    from musterq.queue.tasks import TaskDefinition
    from musterq.records import GroupProgress, Pruned, Retention, Schedule
    from musterq.worker import WorkerEngine

__all__ = [
    "AsyncGroupHandle",
    "AsyncHandle",
    "AsyncTaskQueue",
    "Cancel",
    "Claim",
    "Clock",
    "EnqueueItem",
    "Events",
    "GroupHandle",
    "GroupProgress",
    "Handle",
    "MusterqError",
    "Page",
    "Parallel",
    "Part",
    "PermanentError",
    "Pruned",
    "QueueBusyError",
    "QueueDatabase",
    "QueueDatabaseError",
    "QueueMonitoring",
    "QueueSchemaError",
    "Retention",
    "Retry",
    "RetryPolicy",
    "RunningTask",
    "Schedule",
    "SchedulingStrategy",
    "Task",
    "TaskDefinition",
    "TaskFailedError",
    "TaskLost",
    "TaskNotFoundError",
    "TaskQueue",
    "TaskStatus",
    "TaskTimeout",
    "WaitTimeoutError",
    "Worker",
    "WorkerEngine",
    "WorkerIdTakenError",
    "WorkerLoadError",
    "current_task",
]

_RAISED_TOO = ("Cancel", "Retry", "TaskLost", "TaskTimeout")
_MODULES = {
    "clock": ["Clock"],
    "database": ["QueueDatabase"],
    "errors": [name for name in __all__ if name.endswith("Error") or name in _RAISED_TOO],
    "events": ["Events"],
    "models": ["Claim", "RetryPolicy", "SchedulingStrategy", "Task", "TaskStatus", "Worker"],
    "monitoring": ["QueueMonitoring"],
    "queue.aio": ["AsyncGroupHandle", "AsyncHandle", "AsyncTaskQueue"],
    "queue.current": ["RunningTask", "current_task"],
    "queue.groups": ["GroupHandle"],
    "queue.handles": ["Handle"],
    "queue.pages": ["Page"],
    "queue.parts": ["Parallel", "Part"],
    "queue.producing": ["EnqueueItem"],
    "queue.task_queue": ["TaskQueue"],
    "queue.tasks": ["TaskDefinition"],
    "records": ["GroupProgress", "Pruned", "Retention", "Schedule"],
    "worker": ["WorkerEngine"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, or ``__version__``."""
    if name == "__version__":
        from importlib.metadata import version

        return version("musterq")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"musterq.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
