"""Handles: a task that was enqueued, and how to wait for what becomes of it."""

from __future__ import annotations

import time
from typing import Any, Generic, TypeVar

from musterq.errors import TaskFailedError, TaskNotFoundError, WaitTimeoutError
from musterq.models import FINISHED, Task, TaskStatus
from musterq.storage.base import Storage

R = TypeVar("R")

LOOK_SECONDS = 1.0  # the longest sleep, in case an event was missed
POLL_SECONDS = 0.05  # where the storage cannot wake anybody


class Handle(Generic[R]):
    """A task in the queue.

    Attributes:
        id: the id of the task.
        created: False where the idempotency key was there already, and this is the task that has it.
    """

    __slots__ = ("_storage", "created", "id")

    def __init__(self, storage: Storage, id: int, *, created: bool) -> None:
        self.id = id
        self.created = created
        self._storage = storage

    def __repr__(self) -> str:
        return f"<Handle of task {self.id}>"

    def get(self) -> Task:
        """The task as it stands now.

        Raises:
            TaskNotFoundError: it was deleted.
        """
        return existing(self._storage.get(self.id), self.id)

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
            task = self._sleep_until_finished(timeout)
        result: R = result_of(task)
        return result

    def _sleep_until_finished(self, timeout: float | None) -> Task:
        deadline = None if timeout is None else time.monotonic() + timeout
        waiter = self._storage.waiter()
        try:
            while (task := self.get()).status not in FINISHED:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise timed_out(self.id, timeout)
                waiter.wait(look_again_after(self._storage, left))
        finally:
            waiter.close()
        return task


def existing(task: Task | None, task_id: int) -> Task:
    """The task, if there is one."""
    if task is None:
        raise TaskNotFoundError(f"there is no task {task_id}: it was deleted, or never was in this queue")
    return task


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


def look_again_after(storage: Storage, left: float | None) -> float:
    """How long to sleep at most before looking at a task again, in seconds."""
    longest = LOOK_SECONDS if storage.can_notify else POLL_SECONDS
    return longest if left is None else min(left, longest)
