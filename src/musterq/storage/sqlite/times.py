"""One moment, in every form that a statement needs."""

from __future__ import annotations

from typing import Any

from musterq.clock import Clock, epoch_to_text


class Moment:
    """Now: as stored text, and by the boot clock where this machine has one."""

    __slots__ = ("boot_id", "boot_ms", "epoch", "text")

    def __init__(self, clock: Clock) -> None:
        self.epoch = clock.time()
        self.text = epoch_to_text(self.epoch)
        self.boot_id = clock.boot_id()
        self.boot_ms = clock.boot_ms()

    def after(self, seconds: float) -> str:
        """The text of a moment later (or, with a negative number, earlier)."""
        return epoch_to_text(self.epoch + seconds)

    def boot_ms_after(self, seconds: float) -> int:
        """The boot clock of a moment later, in milliseconds."""
        return self.boot_ms + int(seconds * 1000)

    def boot(self) -> dict[str, Any]:
        """The parameters by which ages and leases are judged."""
        return {"now": self.text, "boot_id": self.boot_id, "boot_ms": self.boot_ms}
