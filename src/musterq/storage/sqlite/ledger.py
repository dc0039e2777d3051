"""The ledger: what was taken from whom and why, and the finishes that came too late."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from musterq.clock import text_to_datetime
from musterq.models import Claim
from musterq.records import LedgerEntry
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

LATE_DETAIL_SECONDS = 60.0  # how long after a rescue whoever started the process may tell how it died
_AFTER_ALL = 2**63 - 1
_TIMES = ("at_utc", "last_heartbeat_utc")


def note_rescued(connection: Connection, ids: Sequence[int], reason: str, now: Moment) -> None:
    """Write down the tasks that have just been given back."""
    connection.run(query("ledger_rescued"), {"ids": json.dumps(list(ids)), "reason": reason, "now": now.text})


def note_refused(connection: Connection, claim: Claim, status: str, run_seconds: float | None, now: Moment) -> None:
    """Write down a finish whose claim was no longer held."""
    facts = {"id": claim.task_id, "type": claim.type, "attempt": claim.attempts, "worker": claim.worker_id}
    work = {"became": status, "lost_seconds": run_seconds, "now": now.text}
    connection.run(query("ledger_refused"), {**facts, **work})


def note_death(connection: Connection, worker_id: str, detail: str, now: Moment) -> int:
    """Add how a worker's process died to what has just been taken from it; returns how many rows there are of that."""
    told = {"worker": worker_id, "detail": detail, "since": now.after(-LATE_DETAIL_SECONDS)}
    connection.run(query("death_in_attempts"), told)
    return connection.run(query("death_in_ledger"), told)


def note_death_ahead(connection: Connection, worker_id: str, detail: str) -> None:
    """Keep how the process of a dead worker died, for what is yet to be taken from it."""
    connection.run(query("death_of_worker"), {"worker": worker_id, "detail": detail})


def entries(
    connection: Connection, limit: int, *, task_id: int | None, worker_id: str | None, before_id: int | None
) -> list[LedgerEntry]:
    """Rows of the ledger, newest first."""
    wanted = {"limit": limit, "before": _AFTER_ALL if before_id is None else before_id}
    if task_id is not None:
        rows = connection.rows(query("ledger_of_task"), {**wanted, "task": task_id, "worker": worker_id})
    elif worker_id is not None:
        rows = connection.rows(query("ledger_of_worker"), {**wanted, "worker": worker_id})
    else:
        rows = connection.rows(query("ledger"), wanted)
    return [_entry(row) for row in rows]


def totals(connection: Connection) -> dict[str, dict[str, int]]:
    """How often each event happened, by reason."""
    counted: dict[str, dict[str, int]] = {}
    for event, reason, n in connection.rows(query("ledger_totals")):
        counted.setdefault(event, {})[reason] = n
    return counted


def _entry(row: Any) -> LedgerEntry:
    values = dict(zip(LedgerEntry.__struct_fields__, row, strict=True))
    for name in _TIMES:
        values[name] = None if values[name] is None else text_to_datetime(values[name])
    return LedgerEntry(**values)
