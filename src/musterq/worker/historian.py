"""The history is kept, in every worker's spare time; whoever is first in a minute does it for all."""

from __future__ import annotations

from musterq.events import Events
from musterq.storage.base import Storage
from musterq.worker.service import Service

MINUTE_SECONDS = 60


class Historian(Service):
    """Has the storage look once a minute how the queue is, and bring what happened into its history."""

    def __init__(self, storage: Storage, *, events: Events) -> None:
        super().__init__("musterq-historian", events)
        self._storage = storage

    def run_once(self) -> float:
        """One look; returns the seconds until the next minute begins."""
        self._storage.keep_history()
        return MINUTE_SECONDS - self._storage.clock.time() % MINUTE_SECONDS
