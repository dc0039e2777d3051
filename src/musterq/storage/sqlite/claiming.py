"""Taking tasks: what leases and clocks give back first, then the heads of the lanes that the worker may serve."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from musterq.clock import text_to_datetime
from musterq.models import (
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_MAX_CRASHES,
    DEFAULT_PRIORITY,
    DEFAULT_RETRY,
    Claim,
    ClaimRequest,
    RetryPolicy,
    SchedulingStrategy,
)
from musterq.retry import check_retry
from musterq.scalars import check_seconds
from musterq.scheduling import ORDERS
from musterq.storage.sqlite.choosing import HEADS, choose, draw, worth_a_look
from musterq.storage.sqlite.composing import with_results
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.finishing import fail_unstarted
from musterq.storage.sqlite.lanes import EligibleLanes, Lanes
from musterq.storage.sqlite.limits import Rooms
from musterq.storage.sqlite.queries import claim_of, claim_one_of, query
from musterq.storage.sqlite.rescuing import rescue_overdue_leases
from musterq.storage.sqlite.tallies import Tallies
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import register

PROMOTED_PER_CLAIM = 100
FAILED_PER_CLAIM = 100  # then the write lock is let go for others, and taken again
_decode = msgspec.json.Decoder().decode
_decode_retry = msgspec.json.Decoder(RetryPolicy).decode


class Taken(NamedTuple):
    """What a claim took; ``more``: it stopped at tasks that can never run, and there may be others behind them."""

    claims: list[Claim]
    more: bool = False


def claim(connection: Connection, request: ClaimRequest, lanes: Lanes, now: Moment, tallies: Tallies) -> Taken:
    """Take up to ``request.limit`` tasks, and ``request.ahead`` as stock, in the transaction that is open."""
    before = connection.row(query("before_claim"), {**now.boot(), "worker": request.worker_id})
    due, over, generation, registered = before
    if due:
        connection.run(query("promote"), {"now": now.text, "limit": PROMOTED_PER_CLAIM})
    if over:
        rescue_overdue_leases(connection, now)
    if registered is None:
        if not request.register_unknown:
            return Taken([])  # it was removed
        registered = json.dumps(dict(request.capabilities or {}))
        register(connection, request.worker_id, registered, None, now)
    capabilities = registered if request.capabilities is None else request.capabilities
    eligible = lanes.eligible(connection, generation, request.types, capabilities)
    rooms = Rooms(connection, eligible.limited, now) if eligible.limited else None
    search = _Search(connection, request, eligible, rooms, now)
    terms = _terms(request, now)
    taken = _take_runnable(search, terms)
    for begun in taken.claims:
        tallies.time(begun.type, "started", begun.waited_ms)
    if request.ahead and len(taken.claims) == request.limit:
        ahead = {**terms, "started": None, "limit": request.ahead}
        taken = Taken(taken.claims + _take_runnable(search, ahead).claims)
    if rooms is not None:
        rooms.write()
    return taken


class _Search(NamedTuple):
    """For whom tasks are looked for, and where; ``rooms`` None: none of the lanes is limited."""

    connection: Connection
    request: ClaimRequest
    eligible: EligibleLanes
    rooms: Rooms | None
    now: Moment


def _take_runnable(search: _Search, terms: dict[str, Any]) -> Taken:
    """Claim, and claim again in place of those that can never run, which fail at once."""
    connection, request, _, rooms, now = search
    claims: list[Claim] = []
    failed = 0
    lease = None if terms["lease"] is None else text_to_datetime(terms["lease"])
    limit = terms["limit"]
    while (wanted := limit - len(claims)) > 0 and failed < FAILED_PER_CLAIM:
        terms["limit"], failed_before = wanted, failed
        if rooms is None and request.max_wait_seconds is None:
            rows = _take(search, terms)
        else:
            rows = _take_chosen(search, terms)
        for row in rows:
            taken = _claim_of(row, terms, lease, now)
            if row[17] is not None and isinstance(taken, Claim):
                taken = with_results(connection, taken, row[17], row[18])
            if isinstance(taken, Claim):
                claims.append(taken)
                if rooms is not None:
                    rooms.take(taken.type)
            else:
                fail_unstarted(connection, row[0], row[1], taken, now)
                failed += 1
        may_be_more = failed > failed_before or (rooms is not None and rows)  # of the same key, or of other types
        if len(rows) < wanted and not may_be_more:
            return Taken(claims)
    return Taken(claims, more=len(claims) < limit)


def _take(search: _Search, terms: dict[str, Any]) -> list[Any]:
    """Take tasks; their rows, in the order of the strategy."""
    connection, request, eligible, _, _ = search
    limit = terms["limit"]
    if request.strategy is SchedulingStrategy.WEIGHTED_RANDOM:
        return _take_these(connection, draw(connection, request, eligible.ids, limit), terms)
    terms["lanes"] = worth_a_look(connection, eligible.ids, eligible.json)
    claim_heads = claim_one_of if limit == 1 else claim_of
    rows = connection.rows(claim_heads(HEADS[request.strategy]), terms)
    if len(rows) > 1:
        order = ORDERS[request.strategy]
        rows.sort(key=lambda row: order(_number(row[4]), row[0]))
    return rows


def _take_chosen(search: _Search, terms: dict[str, Any]) -> list[Any]:
    """Take tasks that are chosen first, where limits, or the time that they have waited, have a say."""
    connection, request, eligible, rooms, now = search
    lanes = eligible.ids if rooms is None else rooms.open_lanes(eligible.ids)
    ids = choose(connection, request, lanes, terms["limit"], now)
    return _take_these(connection, ids if rooms is None else rooms.cut(ids), terms)


def _take_these(connection: Connection, ids: list[int], terms: dict[str, Any]) -> list[Any]:
    """Take the tasks of these ids; their rows, in the same order."""
    place = {task_id: at for at, task_id in enumerate(ids)}
    rows = connection.rows(query("claim"), {**terms, "ids": str(ids)})
    return sorted(rows, key=lambda row: place[row[0]])


def _terms(request: ClaimRequest, now: Moment) -> dict[str, Any]:
    lease = request.lease_seconds
    return {
        "worker": request.worker_id,
        "now": now.text,
        "started": now.text,
        "limit": request.limit,
        "lease": None if lease is None else now.after(lease),
        "boot_id": None if lease is None else now.boot_id,
        "lease_ms": None if lease is None else now.boot_ms_after(lease),
    }


def _number(priority: Any) -> Any:
    """A priority; what plain SQL put in that is no number comes last, as SQLite sorts it."""
    return priority if isinstance(priority, (int, float)) else sys.maxsize


def _claim_of(row: Any, terms: dict[str, Any], lease: datetime | None, now: Moment) -> Claim | str:
    """The claim, or in words why this task can never run."""
    expires = row[14]
    if expires is not None and expires <= now.text and _whole(row[6], 1) <= 1 and _whole(row[8], 0) == 0:  # the first
        return f"expired: it was not started by {expires} UTC"
    try:
        arguments = _decode(row[3])
    except (msgspec.DecodeError, UnicodeError, TypeError, RecursionError) as error:
        return f"broken payload: it is not JSON ({error}); plain SQL put it in, mend it there and retry the task"
    return Claim(
        task_id=row[0],
        claim_token=row[1],
        worker_id=terms["worker"],
        type=row[2],
        payload=row[3],
        arguments=arguments,
        priority=_whole(row[4], DEFAULT_PRIORITY),
        compatibility=row[5],
        attempts=_whole(row[6], 1),
        max_attempts=_whole(row[7], DEFAULT_MAX_ATTEMPTS),
        crashes=_whole(row[8], 0),
        max_crashes=_whole(row[9], DEFAULT_MAX_CRASHES),
        lease_until_utc=lease,
        created_at_utc=(created := text_to_datetime(row[10])),
        claimed_at=now.epoch,
        waited_ms=_waited_ms(created if row[19] is None else text_to_datetime(row[19]), now),
        started=terms["started"] is not None,
        timeout_seconds=None if row[11] is None else _timeout_of(row[11]),
        hard_timeout_seconds=None if row[15] is None else _timeout_of(row[15]),
        suspect=row[16] == 1,
        retry=DEFAULT_RETRY if row[12] is None else _retry_of(row[12]),
        headers=row[13],
    )


def _waited_ms(since: datetime, now: Moment) -> int:
    return max(0, round((now.epoch - since.timestamp()) * 1000))


def _whole(value: Any, default: int) -> int:
    """A number of the row; what plain SQL put in that is none is the default."""
    return value if isinstance(value, int) else default


def _timeout_of(value: Any) -> float | None:
    """The timeout of the row; one that plain SQL spoiled is none."""
    try:
        return check_seconds("timeout", value)
    except (TypeError, ValueError):
        return None


def _retry_of(text: Any) -> RetryPolicy:
    """The policy of the row; one that plain SQL spoiled is the default."""
    try:
        return check_retry(_decode_retry(text)) or DEFAULT_RETRY
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError):
        return DEFAULT_RETRY
