"""Who waits for which task: one thread and one waiter for all, however many coroutines wait."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from musterq.handles import existing, look_again_after
from musterq.models import FINISHED, Task
from musterq.storage.base import Storage, Waiter


class FinishWatch:
    """Fulfils a future for each task that is waited for; its thread ends when nobody waits."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._awaited: dict[Future[Task], int] = {}
        self._thread: threading.Thread | None = None  # while somebody waits; in a child after a fork it is dead
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
        self._waiter = self._storage.waiter()
        self._thread = threading.Thread(target=self._watch, args=(self._waiter,), name="musterq-waits", daemon=True)
        self._thread.start()

    def _watch(self, waiter: Waiter) -> None:
        while awaited := self._still_awaited():
            for future, task_id in awaited.items():
                self._look_at(future, task_id)
            waiter.wait(look_again_after(self._storage, None))
        waiter.close()

    def _still_awaited(self) -> dict[Future[Task], int]:
        with self._lock:
            self._awaited = {future: task_id for future, task_id in self._awaited.items() if not future.done()}
            if not self._awaited:
                self._thread = None
            return dict(self._awaited)

    def _look_at(self, future: Future[Task], task_id: int) -> None:
        try:
            task = existing(self._storage.get(task_id), task_id)
        except Exception as error:  # noqa: BLE001 - it belongs to who waits
            _fulfil(future, error)
        else:
            if task.status in FINISHED:
                _fulfil(future, task)


def _fulfil(future: Future[Task], end: Task | Exception) -> None:
    if not future.set_running_or_notify_cancel():
        return  # nobody waits any more
    if isinstance(end, Task):
        future.set_result(end)
    else:
        future.set_exception(end)
