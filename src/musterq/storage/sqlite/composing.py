"""Tasks that wait for others: they are put in, given the results of what they waited for, looked at, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from musterq.models import Claim, NewTask, TaskStatus
from musterq.records import GroupProgress, NewPart
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.enqueueing import LaneOf, enqueue
from musterq.storage.sqlite.queries import query

_NEVER = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)  # as the triggers know it
_decode = msgspec.json.Decoder().decode


def enqueue_parts(connection: Connection, parts: Sequence[NewPart], lane_of: LaneOf, now: str) -> list[int]:
    """Write the parts in order, in the transaction that is open; their ids."""
    ids = [made.id for made in enqueue(connection, [_row_of(part) for part in parts], lane_of, now)]
    connection.run_many(query("part_place"), [_place(part, ids, at) for at, part in enumerate(parts)])
    followed = [(ids[at], part.next) for at, part in enumerate(parts) if part.next is not None]
    connection.run_many(
        query("part_next"), [{"id": part_id, "next": ids[following]} for part_id, following in followed]
    )
    return ids


def with_results(connection: Connection, claim: Claim, argument: str, joins: Any) -> Claim | str:
    """The claim with what its task waited for among its arguments, or in words why it can never have that."""
    parts = connection.rows(query("part_results"), {"id": claim.task_id})
    expected = 1 if joins is None else joins
    if len(parts) != expected:
        return _miscounted(expected, len(parts))
    if unfinished := [part_id for part_id, status, _ in parts if status != TaskStatus.COMPLETED]:
        return f"it needs the result of task {unfinished[0]}, which is not completed; retry that, then this one"
    if type(claim.arguments) is not dict:
        return f"its payload is no object, so that the result of what it waited for cannot be given as {argument!r}"
    try:
        results = [None if result is None else _decode(result) for _, _, result in parts]
    except (msgspec.DecodeError, UnicodeError, TypeError, RecursionError) as error:
        return f"the result of a task before it is not JSON ({error}); plain SQL put it in, mend it there and retry"
    return replace(claim, arguments={**claim.arguments, argument: results[0] if joins is None else results})


def _miscounted(expected: int, found: int) -> str:
    if expected == 1 and not found:
        return "the task before it, whose result it needs, was deleted"
    return f"results of tasks before it that it needs: {expected}; that are there: {found}"


def group_progress(connection: Connection, group_id: int) -> GroupProgress | None:
    """How far a group is; None if there is none."""
    by_status = dict(connection.rows(query("group_progress"), {"group": group_id}))
    return GroupProgress(total=sum(by_status.values()), by_status=by_status) if by_status else None


def cancel_group(connection: Connection, group_id: int, now: str) -> int:
    """Cancel what waits of a group, and ask what runs to stop; how many these are."""
    facts = {"group": group_id, "now": now}
    running = connection.run(query("group_cancel_running"), facts)
    return running + connection.run(query("group_cancel_waiting"), facts)


def _row_of(part: NewPart) -> NewTask:
    return replace(part.task, run_after=_NEVER) if part.waits else part.task


def _place(part: NewPart, ids: Sequence[int], at: int) -> dict[str, Any]:
    return {
        "id": ids[at],
        "group": None if part.group is None else ids[part.group],
        "awaits": 0 if part.waits else None,
        "joins": part.joins,
        "argument": part.result_argument,
    }
