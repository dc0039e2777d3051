"""The database as a patient: how it is, whether it is sound, and what keeps it so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from musterq.upkeep import Backup, Condition, Fact, Vacuumed

Progress = Callable[[int, int], None]


class CareVerbs(Protocol):
    """The verbs of care. ``progress`` is told, now and then, how many bytes are done of how many."""

    def condition(self) -> Condition:
        """Sizes, the log, and how long writers waited: at the same small cost at any size."""

    def examine(self, *, deep: bool) -> list[Fact]:
        """Look at the database and at what is around it; ``deep``: read all of it, however large."""

    def backup(self, target: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        """Write a copy of the queue to ``target`` while others write; it is there when it is whole, or not at all.

        In the copy, tasks that worker processes hold are queued again, and those workers are not on the roll.
        """

    def restore(self, backup: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        """Put a copy of ``backup`` in the place of the database, which nobody may use; what was there is kept beside.

        Raises:
            QueueBusyError: a process uses the database.
        """

    def rebuild(self) -> Vacuumed:
        """Write the whole database anew without what is free in it; nobody writes meanwhile."""
