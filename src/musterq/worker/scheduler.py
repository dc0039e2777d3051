"""What a worker does for the queue as a whole as time goes by."""

from __future__ import annotations

from collections.abc import Callable

from musterq.events import Events
from musterq.storage.base import Storage
from musterq.worker.service import Service
from musterq.worker.ticker import Ticker

BATCH = 1000
EXPIRE_BATCH = 200  # so that others get to write in between


class Scheduler(Service):
    """Writes down the schedules of its queue, ticks, queues what has come due, and fails what has expired.

    It wakes at every tick, and once a second for the rest: claims themselves queue what is due before they look.
    """

    def __init__(self, storage: Storage, save_schedules: Callable[[], object], *, events: Events) -> None:
        super().__init__("musterq-scheduler", events)
        self._storage = storage
        self._save_schedules = save_schedules
        self._saved = False
        self._ticker = Ticker(storage, events)

    def run_once(self) -> float:
        """One round; returns the seconds until the next."""
        if not self._saved:
            self._save_schedules()
            self._saved = True
        self._ticker.run()
        self._promote()
        self._expire()
        return self._ticker.seconds_to_next()

    def _promote(self) -> None:
        while self._storage.promote(BATCH) == BATCH and not self.stopping:
            pass

    def _expire(self) -> None:
        while (expired := self._storage.expire(EXPIRE_BATCH)) and not self.stopping:
            self._events.emit("tasks.expired", count=expired)
