"""Reading again what has grown old, but never for more of a core than is granted."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Read = TypeVar("Read")


class Reading(Generic[Asked, Read]):
    """What was last read, and when it is read again.

    Args:
        read: Reads what is asked for.
        seconds: It is read again when it is so old, or
        share: later, so that reading it takes at most this share of a core.
    """

    def __init__(self, read: Callable[[Asked], Read], *, seconds: float, share: float) -> None:
        self.value: Read | None = None
        self.asked: Asked | None = None
        self.at = 0.0  # epoch seconds
        self._read = read
        self._seconds = seconds
        self._share = share
        self._due = 0.0

    def wait(self, asked: Asked) -> float:
        """In how many seconds it is to be read again; what is asked anew, at once."""
        return 0.0 if asked != self.asked else max(0.0, self._due - time.monotonic())

    def look(self, asked: Asked) -> None:
        """Read it, where it is time to.

        Raises:
            QueueDatabaseError: it cannot be read; what was read before stays.
        """
        if self.wait(asked) > 0:
            return
        before = time.thread_time()
        self.value = self._read(asked)
        self.asked, self.at = asked, time.time()
        self._due = time.monotonic() + max(self._seconds, (time.thread_time() - before) / self._share)

    def forget(self) -> None:
        """Read it again at once, since something was changed."""
        self._due = 0.0
