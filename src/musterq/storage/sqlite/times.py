"""One moment, in every form that a statement needs."""

from __future__ import annotations

from typing import Any

from musterq.clock import Clock, epoch_to_text

MINUTE = len("YYYY-MM-DD HH:MM")  # so much of a stored text names the minute


class Moment:
    """Now: as stored text, and by the boot clock where this machine has one."""

    __slots__ = ("_boot_ms", "_clock", "epoch", "text")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._boot_ms: int | None = None
        self.epoch = clock.time()
        self.text = epoch_to_text(self.epoch)

    @property
    def boot_id(self) -> str:
        """Which boot of this machine this is."""
        return self._clock.boot_id()

    @property
    def boot_ms(self) -> int:
        """The boot clock in milliseconds."""
        if self._boot_ms is None:
            self._boot_ms = self._clock.boot_ms()
        return self._boot_ms

    def after(self, seconds: float) -> str:
        """The text of a moment later (or, with a negative number, earlier)."""
        return epoch_to_text(self.epoch + seconds)

    def boot_ms_after(self, seconds: float) -> int:
        """The boot clock of a moment later, in milliseconds."""
        return self.boot_ms + int(seconds * 1000)

    def boot(self) -> dict[str, Any]:
        """The parameters by which ages and leases are judged."""
        return {"now": self.text, "boot_id": self.boot_id, "boot_ms": self.boot_ms}
