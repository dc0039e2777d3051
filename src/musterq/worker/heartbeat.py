"""The sign of life of a worker process: one row, which is the lease of all that it holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

from musterq.events import Events
from musterq.records import Pulse
from musterq.storage.base import Storage
from musterq.worker.service import Service


class Heartbeat(Service):
    """Beats every ``seconds``, from a thread that a handler in pure Python cannot starve.

    Somebody who removes the worker takes its row away: the next beat finds that, calls ``removed``, and is the last.
    """

    def __init__(
        self,
        storage: Storage,
        worker_id: str,
        seconds: float,
        *,
        pulse: Callable[[], Pulse],
        removed: Callable[[], None],
        events: Events,
    ) -> None:
        super().__init__("musterq-heartbeat", events)
        self._storage = storage
        self._worker_id = worker_id
        self._seconds = seconds
        self._pulse = pulse
        self._removed = removed
        self._beaten_at = -inf

    @property
    def age_seconds(self) -> float:
        """How long ago the last beat was written."""
        return time.monotonic() - self._beaten_at

    def run_once(self) -> float | None:
        """Beat, and say how it is; never register again, since who removed the worker meant it."""
        if self._storage.heartbeat(self._worker_id, self._pulse()):
            self._beaten_at = time.monotonic()
            return self._seconds
        if not self.stopping:  # else it was the worker itself
            self._removed()
        return None
