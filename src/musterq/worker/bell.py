"""A bell: wakes one sleeping thread."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Bell:
    """Sleep until somebody rings, who may be any thread and any signal handler.

    A ring is never lost: one that comes while nobody sleeps ends the next `wait` at once.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()  # its put may interrupt itself, as a signal handler does

    def wake(self) -> None:
        """Make the current or the next `wait` return at once."""
        self._rings.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Return when the bell rang, or after ``seconds``; None: however long it takes."""
        try:
            self._rings.get(timeout=seconds)
        except Empty:
            return
        self._forget_further_rings()

    def _forget_further_rings(self) -> None:
        while not self._rings.empty():
            self._rings.get()
