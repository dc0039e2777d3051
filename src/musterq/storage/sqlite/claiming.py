"""Taking tasks: what leases and clocks give back first, then the heads of the lanes that the worker may serve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from musterq.clock import text_to_datetime
from musterq.models import Claim, ClaimRequest, RetryPolicy, SchedulingStrategy
from musterq.scheduling import randomness
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.drawing import WeightedDraw
from musterq.storage.sqlite.finishing import fail_unstarted
from musterq.storage.sqlite.lanes import Lanes
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.rescuing import rescue_overdue_leases
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import register

PROMOTED_PER_CLAIM = 100
_HEADS = {
    SchedulingStrategy.FIFO: "heads_fifo",
    SchedulingStrategy.LIFO: "heads_lifo",
    SchedulingStrategy.PRIORITY: "heads_priority",
}
_decode = msgspec.json.Decoder().decode
_decode_retry = msgspec.json.Decoder(RetryPolicy).decode


def claim(connection: Connection, request: ClaimRequest, lanes: Lanes, now: Moment) -> list[Claim]:
    """Take up to ``request.limit`` tasks, in the transaction that is open."""
    bring_back_due(connection, now)
    capabilities = _capabilities(connection, request, now)
    eligible = lanes.eligible(connection, request.types, capabilities)
    claims: list[Claim] = []
    while len(claims) < request.limit:
        ids = _next_ids(connection, request, eligible, request.limit - len(claims))
        if not ids:
            break
        claims.extend(_take(connection, request, ids, now))
    return claims


def bring_back_due(connection: Connection, now: Moment) -> None:
    """Promote due tasks and give back claims whose lease is over."""
    due, over = connection.row(query("overdue"), now.boot())
    if due:
        connection.run(query("promote"), {"now": now.text, "limit": PROMOTED_PER_CLAIM})
    if over:
        rescue_overdue_leases(connection, now)


def _capabilities(connection: Connection, request: ClaimRequest, now: Moment) -> Mapping[str, Any] | str:
    if not request.register_unknown and request.capabilities is not None:
        return request.capabilities
    known = connection.row(query("worker"), (request.worker_id,))
    if known is None and request.register_unknown:
        register(connection, request.worker_id, json.dumps(request.capabilities or {}), None, now)
    if request.capabilities is not None:
        return request.capabilities
    return "{}" if known is None else known[1]


def _next_ids(connection: Connection, request: ClaimRequest, eligible: frozenset[int], limit: int) -> list[int]:
    """The ids in the order of the strategy."""
    waiting = [row for row in connection.rows(query("waiting_lanes")) if row[0] in eligible]
    if not waiting:
        return []
    if request.strategy is SchedulingStrategy.WEIGHTED_RANDOM:
        return WeightedDraw(connection, waiting, randomness(request.seed)).ids(limit)
    lanes = json.dumps([lane for lane, _, _ in waiting])
    return [row[0] for row in connection.rows(query(_HEADS[request.strategy]), {"lanes": lanes, "limit": limit})]


def _take(connection: Connection, request: ClaimRequest, ids: list[int], now: Moment) -> list[Claim]:
    """Claim these tasks; those that can never run fail at once."""
    lease = request.lease_seconds
    rows = connection.rows(
        query("claim"),
        {
            "ids": str(ids),
            "worker": request.worker_id,
            "now": now.text,
            "lease": None if lease is None else now.after(lease),
            "boot_id": None if lease is None else now.boot_id,
            "lease_ms": None if lease is None else now.boot_ms_after(lease),
        },
    )
    place = {task_id: at for at, task_id in enumerate(ids)}
    claims = []
    for row in sorted(rows, key=lambda row: place[row[0]]):
        taken = _claim_of(row, request.worker_id, now)
        if isinstance(taken, Claim):
            claims.append(taken)
        else:
            fail_unstarted(connection, row[0], row[1], taken, now)
    return claims


def _claim_of(row: Any, worker_id: str, now: Moment) -> Claim | str:
    """The claim, or in words why this task can never run."""
    expires = row[15]
    if expires is not None and expires <= now.text:
        return f"expired: it was not started by {expires} UTC"
    try:
        arguments = _decode(row[3])
    except (msgspec.DecodeError, UnicodeError, TypeError) as error:
        return f"broken payload: it is not JSON ({error}); plain SQL put it in, mend it there and retry the task"
    return Claim(
        task_id=row[0],
        claim_token=row[1],
        worker_id=worker_id,
        type=row[2],
        payload=row[3],
        arguments=arguments,
        priority=row[4],
        compatibility=row[5],
        attempts=row[6],
        max_attempts=row[7],
        crashes=row[8],
        max_crashes=row[9],
        lease_until_utc=None if row[10] is None else text_to_datetime(row[10]),
        created_at_utc=text_to_datetime(row[11]),
        timeout_seconds=row[12],
        retry=RetryPolicy() if row[13] is None else _retry_of(row[13]),
        headers=row[14],
    )


def _retry_of(text: Any) -> RetryPolicy:
    """The policy of the row; one that plain SQL spoiled is the default."""
    try:
        return _decode_retry(text)
    except (msgspec.DecodeError, TypeError):
        return RetryPolicy()
