"""What the dead held is given back; who holds what, for how long; and the ledger of what was taken."""

from __future__ import annotations

from typing import Protocol

from musterq.models import Claim, Rescued
from musterq.records import LedgerEntry
from musterq.storage.verbs.waiter import Waiter


class RescueVerbs(Protocol):
    """The verbs of rescue."""

    def rescue_expired(self) -> Rescued:
        """Give back what dead workers, workers without a beat for their lease, and claims whose lease is over hold.

        Each task gets an entry in the ledger, each dead worker a mark by which it stays dead, whatever becomes of its
        lock. Workers that hold nothing are looked at some at a time, where there are many.
        """

    def deaths(self) -> Waiter:
        """Something to sleep on until the process of some worker may have died; it tells of every worker's end."""

    def lease_left(self, claim: Claim) -> float | None:
        """Seconds until the task may be given to another, if its holder gives no sign of life; None: no longer held."""

    def held_claims(self, worker_id: str) -> set[tuple[int, int]]:
        """``(task id, claim token)`` of all that a worker holds."""

    def ledger(
        self, limit: int, *, task_id: int | None = None, worker_id: str | None = None, before_id: int | None = None
    ) -> list[LedgerEntry]:
        """What was taken from workers, and the finishes that came too late, newest first."""

    def ledger_totals(self) -> dict[str, dict[str, int]]:
        """How often each event of the ledger happened, by reason, also those that were pruned."""

    def note_death(self, worker_id: str, detail: str) -> int:
        """Tell how the process of a worker died, before or after its tasks are rescued.

        It goes to the entries of the last minute that do not say it yet (returns how many these are), to the errors of
        their attempts, and, if the worker is known to be dead, to what is yet to be rescued.
        """
