"""Giving back what the dead hold, as soon as they are dead."""

from __future__ import annotations

from musterq.events import Events
from musterq.models import Rescued
from musterq.storage.base import Storage
from musterq.worker.service import Service

LOOK_SECONDS = 1.0  # for what no event tells: leases and beats that are too old, and deaths on another machine


class Rescuer(Service):
    """Wakes when the process of some worker may have died, and once a second, and rescues what nobody alive holds.

    It needs a storage and nothing else: whoever has the queue open may run one.
    """

    def __init__(self, storage: Storage, *, events: Events) -> None:
        super().__init__("musterq-rescuer", events)
        self._storage = storage
        self._deaths = storage.deaths()

    def run_once(self) -> float:
        """One look; returns the seconds until the next, unless somebody dies sooner."""
        rescue(self._storage, self._events)
        return LOOK_SECONDS

    def wake(self) -> None:
        """Look now, or as soon as the current look has ended."""
        self._deaths.wake()

    def stop(self, timeout: float | None = None) -> bool:
        """Look no more, and wait for the current look, up to ``timeout`` seconds. True: it has ended."""
        ended = super().stop(timeout)
        if ended:
            self._deaths.close()
        return ended

    def _sleep(self, seconds: float | None) -> None:
        self._deaths.wait(LOOK_SECONDS if seconds is None else seconds)


def rescue(storage: Storage, events: Events) -> Rescued:
    """Give back what nobody alive holds, and tell of it."""
    rescued = storage.rescue_expired()
    for worker in rescued.lost:
        events.emit("worker.lost", worker_id=worker.worker_id, reason=worker.reason, tasks=worker.tasks)
    if rescued.queued or rescued.failed or rescued.cancelled:
        events.emit("tasks.rescued", queued=rescued.queued, failed=rescued.failed, cancelled=rescued.cancelled)
    return rescued
