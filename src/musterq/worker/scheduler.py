"""What a worker does for the queue as a whole, once a second."""

from __future__ import annotations

from musterq.events import Events
from musterq.storage.base import Storage
from musterq.worker.service import Service

SECONDS = 1.0
BATCH = 1000


class Scheduler(Service):
    """Queues what has come due, and gives back what leases that are over held."""

    def __init__(self, storage: Storage, *, events: Events) -> None:
        super().__init__("musterq-scheduler", events)
        self._storage = storage

    def run_once(self) -> float:
        """One round; returns the seconds until the next."""
        self._promote()
        self._rescue()
        return SECONDS

    def _promote(self) -> None:
        while self._storage.promote(BATCH) == BATCH and not self.stopping:
            pass

    def _rescue(self) -> None:
        rescued = self._storage.rescue_expired()
        if rescued.queued or rescued.failed or rescued.cancelled:
            self._events.emit(
                "tasks.rescued", queued=rescued.queued, failed=rescued.failed, cancelled=rescued.cancelled
            )
