"""A bound on how many child processes start at the same time: each keeps a core busy until its handler is imported."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LEAST_AT_ONCE = 2
LOOK_SECONDS = 0.2  # how soon who waits for its turn sees that it is wanted no more


class Turn:
    """The leave to start one child. Its holder gives it back as soon as that has started; it may run for long."""

    def __init__(self, free: threading.Semaphore) -> None:
        self._free = free
        self._is_taken = False

    def take(self, is_ended: Callable[[], bool]) -> bool:
        """Wait for it. False: the attempt that wanted it has been ended meanwhile."""
        while not (self._is_taken or is_ended()):
            self._is_taken = self._free.acquire(timeout=LOOK_SECONDS)
        return self._is_taken

    def give_back(self) -> None:
        """Let the next one start; a second time it does nothing."""
        if self._is_taken:
            self._is_taken = False
            self._free.release()


class ChildStarts:
    """As many turns at once as there are cores; at least two, so that one slow start does not hold up all."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(max(LEAST_AT_ONCE, os.cpu_count() or 1))

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """A turn to wait for, which is given back at the end of the block."""
        turn = Turn(self._free)
        try:
            yield turn
        finally:
            turn.give_back()
