"""The ledger: what was taken from whom, and the finishes that came too late."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from musterq.checks import check_worker_id
from musterq.clock import datetime_to_text
from musterq.monitoring.part import Part
from musterq.records import LedgerEntry
from musterq.scalars import check_id, check_limit


class Ledger(Part):
    """What was taken from workers."""

    def get_ledger(
        self,
        limit: int = 100,
        *,
        task_id: int | None = None,
        worker_id: str | None = None,
        before_id: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return what was taken from workers, and the finishes that came too late, newest first.

        Args:
            limit: How many entries at most.
            task_id: Of this task only.
            worker_id: Of this worker only.
            before_id: Older than the entry of this ``ledger_id`` only, for the next page.

        Returns a list of dicts with these keys, of which those from ``type`` on are None where they are not known:
            ledger_id (int), at_utc (str): When it was written; ``YYYY-MM-DD HH:MM:SS.mmm``, UTC.
            event (str): ``rescued``, or ``refused``: a finish whose claim was no longer held.
            reason (str): ``lock free``, ``lease over``, ``removed``, ``heartbeat too old``, ``child died``, ``orphan``,
                ``copied``, or ``not held``.
            task_id (int): The task, which may be gone by now.
            type (str), attempt (int), worker_id (str), host (str), pid (int): Which task, and who held it.
            became (str): The status that the task was given, or the one that was refused.
            last_heartbeat_utc (str): Of the worker, as it was then.
            lost_seconds (float): How long the attempt had been running.
            detail (str): How the process died.

        Raises:
            TypeError, ValueError: an argument is none of these.
            QueueDatabaseError: the database could not do it.
        """
        most = check_limit(limit)
        task = None if task_id is None else check_id("task_id", task_id)
        worker = None if worker_id is None else check_worker_id(worker_id)
        before = None if before_id is None else check_id("before_id", before_id)
        entries = self._storage.ledger(most, task_id=task, worker_id=worker, before_id=before)
        return [entry_document(entry) for entry in entries]

    def get_ledger_totals(self) -> dict[str, dict[str, int]]:
        """Return how often each event of the ledger happened, by reason; what was pruned stays counted.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._storage.ledger_totals()


def entry_document(entry: LedgerEntry) -> dict[str, Any]:
    """An entry as a plain dict."""
    values = msgspec.structs.asdict(entry)
    return {name: datetime_to_text(value) if isinstance(value, datetime) else value for name, value in values.items()}
