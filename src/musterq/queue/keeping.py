"""How long finished tasks are kept."""

from __future__ import annotations

from musterq.checks import check_positive_int, check_seconds
from musterq.models import FINISHED, TaskStatus
from musterq.queue.opened import OpenQueue
from musterq.records import Pruned, Retention
from musterq.scalars import shown

LARGEST_COUNT = 10**15
#: What there are rules for.
KEPT = (*sorted(status.value for status in FINISHED), "ledger")


class Keeping(OpenQueue):
    """Rules by which workers take old rows away, and doing it now."""

    def retention(self) -> dict[str, Retention]:
        """How long tasks are kept after they ended, and how many, by status; and so the entries of the ``ledger``."""
        return self.storage.retention()

    def set_retention(
        self, status: TaskStatus | str, *, max_age: float | None = None, max_count: int | None = None
    ) -> None:
        """Keep finished tasks of a status for ``max_age`` seconds, and the newest ``max_count``. None: no bound.

        Every worker takes away what need not be kept, now and then; what it counted for stays in the lifetime totals.

        Args:
            status: ``completed``, ``failed``, ``cancelled``, or ``ledger`` for the entries of the rescue ledger.
            max_age: in seconds, since they ended.
            max_count: how many, of all types together.

        Raises:
            TypeError, ValueError: an argument is not allowed; the rule is as it was.
        """
        rule = Retention(
            max_age_seconds=None if max_age is None else check_seconds("max_age", max_age),
            max_count=None if max_count is None else check_positive_int("max_count", max_count, LARGEST_COUNT),
        )
        self.storage.set_retention(_checked_kept(status), rule)

    def prune(self) -> Pruned:
        """Take away now whatever need not be kept, and give free space back to the file system.

        In many short transactions: other writers go on meanwhile.
        """
        tasks = entries = size = 0
        while (step := self.storage.prune()).more:
            tasks += step.tasks
            entries += step.entries
        while (given := self.storage.reclaim(keep=0.0)).bytes:
            size += given.bytes
        return Pruned(tasks=tasks, entries=entries, bytes=size)


def _checked_kept(status: object) -> str:
    if not isinstance(status, str):
        raise TypeError(f"status={shown(status)} is a {type(status).__name__}; give one of: {', '.join(KEPT)}")
    if status.lower() not in KEPT:
        raise ValueError(f"status={shown(status)} has no rule of its own; give one of: {', '.join(KEPT)}")
    return str(status.lower())
