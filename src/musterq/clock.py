"""The time: UTC as text with milliseconds, and the boot clock, which no step of the wall clock moves.

A storage asks its clock for every time that it writes or compares, so a test moves the clock
of a storage instead of sleeping.
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from math import floor
from pathlib import Path

_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC if hasattr(time, "CLOCK_MONOTONIC") else None)
_STORED_LENGTH = len("YYYY-MM-DD HH:MM:SS.mmm")


class Clock:
    """Wall time in epoch seconds, boot time in milliseconds; tests subclass it to move both."""

    def time(self) -> float:
        """Seconds since the epoch, by the wall clock."""
        return time.time()

    def boot_ms(self) -> int:
        """Milliseconds since this machine booted, suspended time included where the system tells it."""
        return int(time.clock_gettime(_BOOT_CLOCK) * 1000) if _BOOT_CLOCK is not None else int(time.monotonic() * 1000)

    def boot_id(self) -> str:
        """What distinguishes this boot of this machine from any other."""
        return _boot_id() or _NO_BOOT_ID

    def now(self) -> datetime:
        """The wall clock as an aware datetime."""
        return datetime.fromtimestamp(self.time(), UTC)

    def text(self, seconds_from_now: float = 0.0) -> str:
        """The wall clock, shifted by some seconds, as stored text."""
        return epoch_to_text(self.time() + seconds_from_now)


#: Where the system does not tell: no other process has it, so that theirs and ours are judged by the wall clock.
_NO_BOOT_ID = f"unknown {uuid.uuid4()}"


@lru_cache(maxsize=1)
def _boot_id() -> str:
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    if sys.platform == "darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip()
    return ""


@lru_cache(maxsize=4)
def _second_text(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))


def epoch_to_text(epoch: float) -> str:
    """``YYYY-MM-DD HH:MM:SS.mmm``, UTC: sorts as text, reads well in a shell."""
    second, millisecond = divmod(floor(epoch * 1000 + 0.0005), 1000)  # 0.0005: the millisecond that a float just missed
    return f"{_second_text(second)}.{millisecond:03d}"


def datetime_to_text(moment: datetime) -> str:
    """An aware datetime as stored text.

    Raises:
        ValueError: if the datetime is naive, since nobody can know which zone it means.
    """
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone; use datetime.now(timezone.utc) or another aware datetime")
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:23]


def text_to_datetime(text: str) -> datetime:
    """Stored text, or any ISO form that plain SQL may have left, as an aware UTC datetime."""
    if len(text) == _STORED_LENGTH:
        return datetime.fromisoformat(text + "+00:00")
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
