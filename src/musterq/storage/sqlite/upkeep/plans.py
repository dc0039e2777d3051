"""Whether the statements that run often find their rows by the indexes that are there for them.

Each is planned as it would be run, and again in a model, a new database of this version. It must not read through a
table that it does not read through there, nor miss an index that it uses there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

#: What runs for every task, every claim, every beat, or once a second in every worker; and what the overview reads.
HOT_QUERIES = (
    *("lane_id", "task_id_by_key", "before_claim", "promote", "waiting_lanes"),
    *("heads_fifo", "heads_lifo", "heads_priority", "heads_overdue", "heads_slot"),
    *("finish_completed", "finish_failed", "finish_retry", "finish_release", "extend", "progress"),
    *("heartbeat", "register_beat", "cancel_requests", "held_claims", "holders", "held_by_worker", "leases_over"),
    *("orphans", "next_due", "next_expiry", "expire", "old_failed", "old_cancelled", "prune_walk"),
    *("task", "task_counts", "oldest_waiting", "tasks_in_flight", "ledger_of_task", "ledger_of_worker"),
)
_INDEX = re.compile(r"USING (?:COVERING )?INDEX (\w+)")
_NAMED = re.compile(r":([a-z]\w*)")


class Plan(NamedTuple):
    """How a statement finds its rows: by which indexes, and through which tables it reads as a whole."""

    indexes: frozenset[str]
    scans: frozenset[str]


def plan_of(connection: Connection, name: str) -> Plan:
    """Ask SQLite, without running the statement.

    Raises:
        QueueDatabaseError: it cannot be run at all, as where a table is missing.
    """
    sql = query(name)
    parameters = dict.fromkeys(_NAMED.findall(sql)) or (None,) * sql.count("?")
    steps = [row[3] for row in connection.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    return Plan(
        frozenset(index for step in steps for index in _INDEX.findall(step)),
        frozenset(step.removeprefix("SCAN ").removeprefix("TABLE ") for step in steps if _reads_all(step)),
    )


def strays(connection: Connection, model: Connection) -> Iterator[str]:
    """The hot queries that do not run as they should, in words."""
    there = dict(connection.rows(query("objects")))
    for name in HOT_QUERIES:
        wanted = plan_of(model, name)
        try:
            found = plan_of(connection, name)
        except QueueDatabaseError as error:
            yield f"{name} cannot be run: {error.__cause__ or error}"
            continue
        lacking, scans = wanted.indexes - found.indexes, found.scans - wanted.scans
        if scans:
            yield f"{name} reads through all of {', '.join(sorted(scans))}{_instead(lacking)}"
        elif gone := lacking - there.keys():  # one that is there and not used: the planner knows a better one
            yield f"{name} misses {', '.join(sorted(gone))}"


def _reads_all(step: str) -> bool:
    """Whether it goes through a table itself, and not through an index of some of its rows or what was found before."""
    return step.startswith("SCAN ") and not re.search(r"USING|VIRTUAL|CONSTANT|SUBQUERY|\(subquery", step)


def _instead(lacking: frozenset[str]) -> str:
    return f" instead of using {', '.join(sorted(lacking))}" if lacking else ""
