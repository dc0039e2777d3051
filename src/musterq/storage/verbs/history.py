"""What happened: all that ever did, and over time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from musterq.observations import HistoryCell, HistoryRange, Tally


class HistoryVerbs(Protocol):
    """The verbs of history."""

    def totals(self, *, by_type: bool) -> dict[str, dict[str, Tally]]:
        """How often each thing ever happened: type to what to tally; all types together under ``""``.

        It outlives tasks that are pruned, and never goes down.
        """

    def history(self, what: Collection[str], within: HistoryRange, *, by_type: bool, timed: bool) -> list[HistoryCell]:
        """How often these things happened in each step of a range; steps in which nothing did are left out.

        ``timed``: with the buckets of their times, which takes longer to read.
        """

    def keep_history(self) -> None:
        """Look once a minute how the queue is, bring what happened into hours and days, and drop what is too old.

        Whoever claims brings in what happened, too; one process at a time does it, in transactions of a few
        milliseconds.
        """
