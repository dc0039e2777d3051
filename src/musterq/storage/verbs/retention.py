"""The database is kept small: old rows go, free space is given back, and who keeps the log long is found."""

from __future__ import annotations

from typing import Protocol

from musterq.records import LifetimeTotal, PruneStep, Reclaimed, Retention
from musterq.upkeep import LogPin


class RetentionVerbs(Protocol):
    """The verbs of retention."""

    def retention(self) -> dict[str, Retention]:
        """How long finished tasks of each status (and the ``ledger``) are kept, and how many."""

    def set_retention(self, kept: str, rule: Retention) -> None:
        """Change that, of one status or of the ``ledger``."""

    def prune(self) -> PruneStep:
        """Take away some rows that need not be kept, in one transaction that no writer notices; again while ``more``.

        Tasks that have not finished stay, as do those whose group or follower has not. Logs and attempts go along, and
        what the tasks counted for is kept in `lifetime_totals`.
        """

    def reclaim(self, keep: float = 0.1) -> Reclaimed:
        """Give some free space back to the file system, in such a transaction, too; again while ``more``.

        ``keep`` is the share of the whole that may stay free, for what comes next.
        """

    def lifetime_totals(self) -> dict[tuple[str, str], LifetimeTotal]:
        """Finished tasks by type and status, those that were pruned included."""

    def log_bytes(self) -> int:
        """How large the write-ahead log is; 0 where there is none."""

    def log_pins(self) -> list[LogPin]:
        """Who keeps the log from being cut, as far as that can be known."""

    def take_duty(self, duty: str, holder: str, seconds: float) -> bool:
        """Be the one who does a duty for all, for so many seconds (an hour at most) from now. False: another is."""

    def leave_duty(self, duty: str, holder: str) -> None:
        """Leave it to the next one, before the time is over."""
