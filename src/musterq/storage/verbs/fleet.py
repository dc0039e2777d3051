"""The workers as a fleet: what none of them can take, and how many of which kind are meant to be at work."""

from __future__ import annotations

from typing import Protocol

from musterq.observations import Expectation, Turnout, Unservable


class FleetVerbs(Protocol):
    """The verbs of the fleet.

    A worker counts where it takes tasks: it is starting, idle or busy, and not draining, wedged, suspended, lost, or
    without a beat for long.
    """

    def unservable(self) -> list[Unservable]:
        """What waits and no worker could take, the longest waiting first; decided by kinds of work, not by tasks.

        A paused type is not among it, nor what waits for a place of its concurrency key.
        """

    def unservable_tasks(self) -> int:
        """How many tasks that are; looks at fewer workers, and says nothing of them."""

    def expect_workers(self, expectation: Expectation) -> None:
        """Expect so many workers to be at work; replaces an expectation of the same name."""

    def forget_expectation(self, name: str) -> bool:
        """Expect them no more. False: nothing of this name was expected."""

    def expectations(self) -> list[Turnout]:
        """How each expectation is met, by name."""
