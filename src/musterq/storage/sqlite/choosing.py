"""Which tasks of some lanes come next, by each strategy."""

from __future__ import annotations

import json
from typing import Any

from musterq.models import ClaimRequest, SchedulingStrategy
from musterq.scheduling import randomness
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.drawing import WeightedDraw
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

_FEW_LANES = 16  # so many index seeks cost less than asking which lanes hold work

#: The queries that find the next tasks of lanes, where they are not drawn.
HEADS = {
    SchedulingStrategy.FIFO: "heads_fifo",
    SchedulingStrategy.LIFO: "heads_lifo",
    SchedulingStrategy.PRIORITY: "heads_priority",
}


def choose(connection: Connection, request: ClaimRequest, lanes: frozenset[int], limit: int, now: Moment) -> list[int]:
    """The ids of the next tasks, in the order of the strategy; before all, those that have waited too long."""
    if request.strategy is SchedulingStrategy.WEIGHTED_RANDOM:
        return draw(connection, request, lanes, limit)
    wanted = {"lanes": worth_a_look(connection, lanes, json.dumps(sorted(lanes))), "limit": limit}
    overdue: list[int] = []
    if request.max_wait_seconds is not None:
        since = now.after(-request.max_wait_seconds)
        overdue = _ids(connection.rows(query("heads_overdue"), {**wanted, "since": since}))
    if len(overdue) == limit:
        return overdue
    heads = _ids(connection.rows(query(HEADS[request.strategy]), wanted))
    return list(dict.fromkeys(overdue + heads))[:limit]


def draw(connection: Connection, request: ClaimRequest, lanes: frozenset[int], limit: int) -> list[int]:
    """Tasks drawn by their weights."""
    return WeightedDraw(connection, _waiting(connection, lanes), randomness(request.seed)).ids(limit)


def worth_a_look(connection: Connection, lanes: frozenset[int], text: str) -> str:
    """The lanes to look into, as JSON: of many those that hold waiting work, of few all (``text``)."""
    if len(lanes) <= _FEW_LANES:
        return text
    return json.dumps([lane for lane, _, _ in _waiting(connection, lanes)])


def _waiting(connection: Connection, eligible: frozenset[int]) -> list[tuple[int, int, int]]:
    """The eligible lanes that hold waiting work: lane, number of tasks, weight."""
    return [row for row in connection.rows(query("waiting_lanes")) if row[0] in eligible]


def _ids(rows: list[Any]) -> list[int]:
    return [task_id for (task_id,) in rows]
