"""For how long one piece of work may hold the write lock, so that other writers hardly notice it."""

from __future__ import annotations

import time

LONGEST_SECONDS = 0.005
SHORTEST_SECONDS = 0.0005
FIRST_SECONDS = 0.001
COMMIT_SECONDS = 0.005  # what the commit may take besides


class Hold:
    """One piece of work from its begin to its end; what is rolled back and run again begins anew."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0

    def begin(self) -> Hold:
        """The write lock is held from now on."""
        self._began = time.perf_counter()
        return self

    @property
    def is_over(self) -> bool:
        """Whether it is time to commit."""
        return time.perf_counter() - self._began >= self._seconds

    def so_far(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._began


class Patience:
    """How long the next hold may be: less after one that took long with its commit, as on a slow disk; else more."""

    def __init__(self) -> None:
        self._seconds = FIRST_SECONDS

    def hold(self) -> Hold:
        """The next one."""
        return Hold(self._seconds)

    def learn(self, held: float) -> None:
        """Note how long the lock was held, commit included."""
        slow = held > self._seconds + COMMIT_SECONDS
        changed = self._seconds / 2 if slow else self._seconds * 1.5
        self._seconds = min(max(changed, SHORTEST_SECONDS), LONGEST_SECONDS)
