"""Who keeps a read transaction open for long is found, since the write-ahead log grows meanwhile."""

from __future__ import annotations

import time

from musterq.events import Events
from musterq.storage.base import Storage
from musterq.upkeep import LogPin
from musterq.worker.service import Service

LOOK_SECONDS = 10.0
PINNED_BYTES = 64 * 1024 * 1024
TOLD_AGAIN_SECONDS = 60.0
DUTY = "watch the log"


class LogWatch(Service):
    """Looks at the size of the log; where it is too large, names who reads the same old state of it twice."""

    def __init__(
        self,
        storage: Storage,
        worker_id: str,
        *,
        events: Events,
        seconds: float = LOOK_SECONDS,
        pinned_bytes: int = PINNED_BYTES,
    ) -> None:
        super().__init__("musterq-log-watch", events)
        self._storage = storage
        self._worker_id = worker_id
        self._seconds = seconds
        self._pinned_bytes = pinned_bytes
        self._since: dict[tuple[int, int], float] = {}
        self._tell_after = 0.0

    def run_once(self) -> float:
        """One look; returns the seconds until the next."""
        size = self._storage.log_bytes()
        if size > self._pinned_bytes and self._storage.take_duty(DUTY, self._worker_id, TOLD_AGAIN_SECONDS):
            self._look_for_readers(size, time.monotonic())
        else:
            self._since = {}
        return self._seconds

    def _look_for_readers(self, size: int, now: float) -> None:
        pins = {(pin.pid, pin.frame): pin for pin in self._storage.log_pins()}
        self._since = {key: self._since.get(key, now) for key in pins}
        seen_before = [key for key, since in self._since.items() if since < now]
        if seen_before and now >= self._tell_after:
            oldest = min(seen_before, key=self._since.__getitem__)
            self._tell(size, pins[oldest], now - self._since[oldest])
            self._tell_after = now + TOLD_AGAIN_SECONDS

    def _tell(self, size: int, pin: LogPin, seconds: float) -> None:
        self._events.emit("log.pinned", bytes=size, pid=pin.pid, command=pin.command, seconds=seconds)
