"""The places that a supervisor has for workers."""

from __future__ import annotations

import time

from musterq.worker.worker_process import WorkerProcess

FIRST_REST_SECONDS = 0.1
LONGEST_REST_SECONDS = 30.0
WELL_SECONDS = 60.0  # who ran for so long did not die of how he started


class Place:
    """One place: the worker in it, if there is one, and how long it stays empty when that has died.

    A tenth of a second at first, and twice as long each time, up to half a minute.
    """

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self.process: WorkerProcess | None = None
        self.is_surplus = False  # it may end when it has nothing to do
        self.is_registered = False
        self.rests_until = 0.0
        self._deaths = 0

    @property
    def is_taken(self) -> bool:
        """Whether a worker is in it, or is to be again before long."""
        return self.process is not None or time.monotonic() < self.rests_until

    def fill(self, process: WorkerProcess, *, is_surplus: bool) -> None:
        """A worker was started for it."""
        self.process = process
        self.is_surplus = is_surplus
        self.is_registered = False

    def empty(self) -> None:
        """Its worker has ended in order."""
        self.process = None
        self._deaths = 0
        self.rests_until = 0.0

    def rest(self, ran_seconds: float) -> float:
        """Its worker has died; returns for how many seconds it stays empty."""
        if ran_seconds > WELL_SECONDS:
            self._deaths = 0
        seconds = min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2.0 ** min(self._deaths, 10))
        self.process = None
        self._deaths += 1
        self.rests_until = time.monotonic() + seconds
        return seconds
