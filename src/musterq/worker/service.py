"""The one loop of everything that a worker does beside its tasks."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from musterq.events import Events
from musterq.worker.bell import Bell

FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 5.0


class Service(ABC):
    """A named daemon thread that calls `run_once` over and over until it is stopped.

    An exception in `run_once` is told as the event ``service.failed`` and ends nothing: the next run
    comes after a tenth of a second, and after twice as long each time it fails again, up to five seconds.
    """

    def __init__(self, name: str, events: Events) -> None:
        self.name = name
        self._events = events
        self._bell = Bell()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    @abstractmethod
    def run_once(self) -> float | None:
        """Do the work once; returns the seconds until the next time, None: not before `wake`."""

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called; a long `run_once` looks at it."""
        return self._stopping

    def start(self) -> None:
        """Run for the first time, now, in a thread of its own. A service starts once."""
        self._thread.start()

    def wake(self) -> None:
        """Run again now, or as soon as the current run has ended."""
        self._bell.wake()

    def stop(self, timeout: float | None = None) -> bool:
        """Begin no further run and wait for the current one, up to ``timeout`` seconds. True: it has ended."""
        self._stopping = True
        self.wake()
        if self._thread.ident is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _loop(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                pause = self.run_once()
                failures = 0
            except Exception as error:  # noqa: BLE001  # told below; a service outlives every fault
                failures += 1
                pause = retry_pause(failures)
                self._events.emit("service.failed", service=self.name, error=error, retry_in_seconds=pause)
            self._sleep(pause)

    def _sleep(self, seconds: float | None) -> None:
        """Until `wake`, or for so long; a service that has something else to wake it sleeps on that."""
        self._bell.wait(seconds)


def retry_pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10))
