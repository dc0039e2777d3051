"""Handles: a task that was enqueued, and how to wait for what becomes of it."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from musterq.errors import TaskFailedError, WaitTimeoutError
from musterq.models import FINISHED, Task, TaskStatus
from musterq.queue.finish_watch import FinishWatch, Stored, existing

R = TypeVar("R")


class Waited(Stored, Protocol):
    """A queue whose tasks can be waited for."""

    @property
    def watch(self) -> FinishWatch:
        """Who tells that a task has finished."""


class Handle(Generic[R]):
    """A task in the queue.

    Attributes:
        id: the id of the task.
        created: False where the idempotency key was there already, and this is the task that has it.
    """

    __slots__ = ("_queue", "created", "id")

    def __init__(self, queue: Waited, id: int, *, created: bool) -> None:
        self.id = id
        self.created = created
        self._queue = queue

    def __repr__(self) -> str:
        return f"<Handle of task {self.id}>"

    def get(self) -> Task:
        """The task as it stands now.

        Raises:
            TaskNotFoundError: it was deleted.
        """
        return existing(self._queue.storage.get(self.id), self.id)

    def status(self) -> TaskStatus:
        """Where the task stands now.

        Raises:
            TaskNotFoundError: it was deleted.
        """
        return TaskStatus(self.get().status)

    def wait(self, timeout: float | None = None) -> R:
        """Sleep until the task has finished, for at most ``timeout`` seconds, and return its result.

        Raises:
            TaskFailedError: it failed or was cancelled; the message holds its error.
            WaitTimeoutError: it has not finished in time, and goes on.
            TaskNotFoundError: it was deleted.
        """
        task = self.get()
        if task.status not in FINISHED:
            task = self._finished(timeout)
        result: R = result_of(task)
        return result

    def _finished(self, timeout: float | None) -> Task:
        future = self._queue.watch.finished(self.id)
        try:
            return future.result(timeout)
        except TimeoutError:
            raise timed_out(self.id, timeout) from None
        finally:
            future.cancel()


def result_of(task: Task) -> Any:
    """The result of a finished task, or what it ended with instead, raised."""
    if task.status == TaskStatus.COMPLETED:
        return task.get_result()
    how = (
        "was cancelled"
        if task.status == TaskStatus.CANCELLED
        else f"failed in attempt {task.attempts} of {task.max_attempts}"
    )
    why = f": {task.error_message}" if task.error_message else ""
    raise TaskFailedError(f"task {task.id} ({task.type}) {how}{why}")


def timed_out(task_id: int, timeout: float | None) -> WaitTimeoutError:
    """The error of a wait that was too short."""
    return WaitTimeoutError(f"task {task_id} has not finished within {timeout} s; it goes on, and can be waited for")
