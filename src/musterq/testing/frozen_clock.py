"""Time that passes when a test says so."""

from __future__ import annotations

from datetime import datetime

from musterq.clock import Clock
from musterq.scalars import check_moment, check_seconds


class FrozenClock(Clock):
    """A clock that stands still until it is moved; give it to a `QueueDatabase`.

    Wall clock and boot clock move together. A worker that sleeps until a task is due sleeps by the real one: move the
    clock between calls, and `drain`.

    Args:
        at: The moment at which it stands, an aware datetime; None: this second.

    Raises:
        TypeError, ValueError: this is no aware datetime.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._epoch = float(int(super().time()))
        if at is not None:
            self.set(at)

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._epoch

    def boot_ms(self) -> int:
        """The same in milliseconds, as if this machine had booted then."""
        return round(self._epoch * 1000)

    def boot_id(self) -> str:
        """One of its own: what the real clock wrote is judged by the wall clock."""
        return "frozen clock"

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass.

        Raises:
            TypeError, ValueError: not a number of seconds from 0 to a century.
        """
        self._epoch += check_seconds("seconds", seconds)

    def set(self, at: datetime) -> None:
        """Let it be this moment, an aware datetime.

        Raises:
            TypeError, ValueError: this is no aware datetime.
        """
        self._epoch = check_moment("at", at).timestamp()

    def __repr__(self) -> str:
        return f"<FrozenClock at {self.text()}>"
