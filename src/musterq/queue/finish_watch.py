"""Waiting for tasks to finish: one thread and one waiter for all who wait."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Protocol

from musterq.errors import TaskNotFoundError
from musterq.models import FINISHED, Task
from musterq.storage.base import Storage, Waiter

LOOK_SECONDS = 1.0  # the longest sleep, in case an event was missed
POLL_SECONDS = 0.05  # where the storage cannot wake anybody


class Stored(Protocol):
    """A queue that knows its storage."""

    @property
    def storage(self) -> Storage:
        """The verbs of the queue."""


class FinishWatch:
    """Fulfils a future for each task that is waited for. Its thread ends soon after the last of them."""

    def __init__(self, queue: Stored) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._awaited: dict[Future[Task], int] = {}
        self._thread: threading.Thread | None = None  # in a child after a fork it is dead
        self._waiter: Waiter

    def finished(self, task_id: int) -> Future[Task]:
        """A future of the task as it is when it has finished; cancel it to wait no more."""
        future: Future[Task] = Future()
        with self._lock:
            self._awaited[future] = task_id
            if self._thread is not None and self._thread.is_alive():
                self._waiter.wake()
            else:
                self._start()
        return future

    def _start(self) -> None:
        self._waiter = self._queue.storage.waiter()
        self._thread = threading.Thread(target=self._watch, args=(self._waiter,), name="musterq-waits", daemon=True)
        self._thread.start()

    def _watch(self, waiter: Waiter) -> None:
        while awaited := self._still_awaited():
            for future, task_id in awaited.items():
                self._look_at(future, task_id)
            waiter.wait(self._longest_pause())
        waiter.close()

    def _still_awaited(self) -> dict[Future[Task], int]:
        with self._lock:
            self._awaited = {future: task_id for future, task_id in self._awaited.items() if not future.done()}
            if not self._awaited:
                self._thread = None
            return dict(self._awaited)

    def _look_at(self, future: Future[Task], task_id: int) -> None:
        try:
            task = existing(self._queue.storage.get(task_id), task_id)
        except Exception as error:  # noqa: BLE001 - it belongs to who waits
            _fulfil(future, error)
        else:
            if task.status in FINISHED:
                _fulfil(future, task)

    def _longest_pause(self) -> float:
        try:
            return LOOK_SECONDS if self._queue.storage.can_notify else POLL_SECONDS
        except Exception:  # noqa: BLE001 - closed in the meantime: the next look tells who waits
            return POLL_SECONDS


def existing(task: Task | None, task_id: int) -> Task:
    """The task, if there is one."""
    if task is None:
        raise TaskNotFoundError(f"there is no task {task_id}: it was deleted, or never was in this queue")
    return task


def _fulfil(future: Future[Task], end: Task | Exception) -> None:
    if not future.set_running_or_notify_cancel():
        return  # nobody waits any more
    if isinstance(end, Task):
        future.set_result(end)
    else:
        future.set_exception(end)
