"""Old rows go, in every worker's spare time; one worker at a time does it for all."""

from __future__ import annotations

import contextlib
import time

from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.storage.base import Storage
from musterq.worker.service import Service

SECONDS = 60.0
TERM_SECONDS = 180.0
SHORTEST_REST_SECONDS = 0.01
REST = 4  # times as long as a step took: so much the writers have the database for themselves
DUTY = "prune"


class Pruner(Service):
    """Prunes by the rules of `retention` once a minute, in small steps with rests, and tells what went."""

    def __init__(self, storage: Storage, worker_id: str, *, events: Events, seconds: float = SECONDS) -> None:
        super().__init__("musterq-pruner", events)
        self._storage = storage
        self._worker_id = worker_id
        self._seconds = seconds
        self._renew_at: float | None = None
        self._tasks = self._entries = self._bytes = 0

    def run_once(self) -> float:
        """One step; returns the seconds until the next."""
        if not self._has_the_duty():
            return self._seconds
        began = time.monotonic()
        if self._step():
            return max(SHORTEST_REST_SECONDS, REST * (time.monotonic() - began))
        self._tell()
        return self._seconds

    def stop(self, timeout: float | None = None) -> bool:
        """As every service; and the next worker may take the duty at once."""
        ended = super().stop(timeout)
        if self._renew_at is not None:
            with contextlib.suppress(QueueDatabaseError):  # then the term ends by itself
                self._storage.leave_duty(DUTY, self._worker_id)
        return ended

    def _has_the_duty(self) -> bool:
        if self._renew_at is None or time.monotonic() >= self._renew_at:
            taken = self._storage.take_duty(DUTY, self._worker_id, TERM_SECONDS)
            self._renew_at = time.monotonic() + TERM_SECONDS / 3 if taken else None
        return self._renew_at is not None

    def _step(self) -> bool:
        """Whether there is more to do."""
        pruned = self._storage.prune()
        self._tasks += pruned.tasks
        self._entries += pruned.entries
        if pruned.more:
            return True
        reclaimed = self._storage.reclaim()
        self._bytes += reclaimed.bytes
        return reclaimed.more

    def _tell(self) -> None:
        if self._tasks or self._entries or self._bytes:
            self._events.emit("tasks.pruned", tasks=self._tasks, entries=self._entries, bytes=self._bytes)
            self._tasks = self._entries = self._bytes = 0
