"""What no worker can take, by lanes; and how many workers of which kind are meant to be at work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from musterq.clock import text_to_datetime
from musterq.models import TAKES_TASKS
from musterq.observations import Expectation, Gone, Shortfall, Turnout, Unservable
from musterq.shortfall import shortfall
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.rescuing import IsDead
from musterq.storage.sqlite.roster import Decisions, Kind, Lane, Member, Roster, demand_of
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import types_of, worker_ages

_SILENT = frozenset({"lost", "suspended", "late", "stale"})


def unservable(connection: Connection, decisions: Decisions, is_dead: IsDead, now: Moment) -> list[Unservable]:
    """The lanes that hold waiting work which no worker could take, the longest waiting first."""
    unserved = _unserved(connection, decisions, is_dead, now)
    if not unserved.lanes:
        return []
    ages = _ages(connection, unserved.lanes, now)
    found = [_unservable(lane, why, ages.get(lane.id)) for lane, why in _explained(unserved, decisions)]
    return sorted(found, key=lambda one: -(one.oldest_age_seconds or 0.0))


def unservable_tasks(connection: Connection, decisions: Decisions, is_dead: IsDead, now: Moment) -> int:
    """How many waiting tasks these lanes hold."""
    return sum(lane.waiting for lane in _unserved(connection, decisions, is_dead, now).lanes)


def expect_workers(connection: Connection, expectation: Expectation) -> None:
    """Expect so many workers to be at work."""
    types = None if expectation.types is None else json.dumps(list(expectation.types))
    wanted = {"name": expectation.name, "count": expectation.count, "types": types}
    connection.run(query("expectation_set"), {**wanted, "capabilities": expectation.capabilities})


def expectations(connection: Connection, is_dead: IsDead, now: Moment) -> list[Turnout]:
    """How each expectation is met, by name."""
    expected = connection.rows(query("expectations"))
    if not expected:
        return []
    roster = Roster(worker_ages(connection, now), is_dead)
    departed = connection.rows(query("departures"))
    return [
        _turnout(
            Expectation(name=name, count=count, types=types_of(types), capabilities=capabilities), roster, departed
        )
        for name, count, types, capabilities in expected
    ]


# -- what nobody can take ----------------------------------------------------------------------------
class _Unserved(NamedTuple):
    """The lanes that no worker serves, and the workers of the same moment."""

    generation: int
    lanes: list[Lane]
    roster: Roster


def _unserved(connection: Connection, decisions: Decisions, is_dead: IsDead, now: Moment) -> _Unserved:
    if not connection.in_transaction:
        connection.run("BEGIN")  # what is read below is of one moment; whoever keeps the reader ends it
    rows = connection.rows(query("waiting_by_lane"))
    if not rows:
        return _Unserved(0, [], Roster((), is_dead))
    generation = rows[0][-1]
    decided = decisions.of(generation)
    roster = Roster(worker_ages(connection, now), is_dead)
    lanes = [lane for lane in (Lane(*row[:-1]) for row in rows) if not roster.serves(lane, decided)]
    return _Unserved(generation, lanes, roster)


def _explained(unserved: _Unserved, decisions: Decisions) -> Iterator[tuple[Lane, Shortfall]]:
    members = list(unserved.roster.members())
    told = decisions.told(unserved.generation, members)
    for lane in unserved.lanes:
        why = told.get(lane.id) or shortfall(lane.type, lane.compatibility, members)
        if why is not None:
            told[lane.id] = why
            yield lane, why


def _unservable(lane: Lane, why: Shortfall, age: float | None) -> Unservable:
    return Unservable(
        type=_text(lane.type),
        compatibility=_text(lane.compatibility),
        waiting=lane.waiting,
        oldest_age_seconds=age,
        shortfall=why,
    )


def _ages(connection: Connection, lanes: Iterable[Lane], now: Moment) -> dict[int, float]:
    """For how long the longest waiting task of each lane waits."""
    rows = connection.rows(query("oldest_in_lanes"), {"lanes": json.dumps([lane.id for lane in lanes])})
    oldest = {lane: min(filter(None, since), default=None) for lane, *since in rows}
    return {
        lane: max(0.0, now.epoch - text_to_datetime(since).timestamp())
        for lane, since in oldest.items()
        if since is not None
    }


def _text(stored: object) -> str:
    """What plain SQL may have put in, as text."""
    return stored.decode(errors="replace") if isinstance(stored, bytes) else str(stored)


# -- how many are meant to be there --------------------------------------------------------------------
def _turnout(expectation: Expectation, roster: Roster, departed: Iterable[tuple[Any, ...]]) -> Turnout:
    types, demand = expectation.types or (), demand_of(expectation.capabilities)
    members = list(roster.members_that(types, demand))
    gone = [_gone(member) for member in members if member.status not in TAKES_TASKS]
    gone += [
        Gone(worker_id=worker_id, host=host, reason=reason, last_seen_utc=seen)
        for worker_id, host, handled, offer, reason, seen in departed
        if Kind(handled, offer).fits(types, demand)
    ]
    last = max(gone, key=lambda one: one.last_seen_utc, default=None)
    alive = sum(member.status in TAKES_TASKS for member in members)
    return Turnout(expectation=expectation, alive=alive, last=last)


def _gone(member: Member) -> Gone:
    """A worker on the roll that takes no tasks; a silent one was well when it beat last."""
    worker, state = member.worker, member.state
    seen = worker.heartbeat_utc if state.status in _SILENT else state.since_utc
    return Gone(worker_id=worker.worker_id, host=worker.host, reason=state.reason, last_seen_utc=seen)
