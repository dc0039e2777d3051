"""What tests of several parts need."""

from __future__ import annotations

import time

from musterq.clock import Clock


class MovableClock(Clock):
    """A clock that stands still, at a whole second of today, until a test moves it."""

    def __init__(self) -> None:
        self._epoch = int(time.time())
        self._boot_ms = super().boot_ms()
        self._moved = 0.0
        self._boot_moved = 0.0

    def time(self) -> float:
        return self._epoch + self._moved

    def boot_ms(self) -> int:
        return self._boot_ms + round(self._boot_moved * 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._moved += seconds
        self._boot_moved += seconds

    def set_wall_clock(self, seconds: float) -> None:
        """Set the wall clock forward (or back), as an administrator does: no time passes by the boot clock."""
        self._moved += seconds
