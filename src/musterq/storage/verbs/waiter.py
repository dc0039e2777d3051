"""What one sleeps on."""

from __future__ import annotations

from typing import Protocol


class Waiter(Protocol):
    """Sleeps until the queue changed, somebody calls `wake`, or the time is over. One thread waits at a time."""

    def wait(self, seconds: float) -> None:
        """Return at once when something happened since the last `wait` returned, else within ``seconds``.

        It may also return early for no reason: whoever waits looks again each time.
        """

    def wake(self) -> None:
        """Make the current or the next `wait` return at once; callable from any thread and signal handler."""

    def close(self) -> None:
        """Give back what it holds."""
