"""What surrounds one task: what happened to it, what it waits for, and who is before it; all by seeks in indexes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from musterq.circumstances import Attempt, Before, Circumstances, KeptLine, KeyNow, LanePlace, LimitNow, OtherTask
from musterq.clock import text_to_datetime
from musterq.models import Task, TaskStatus, WorkerActivity
from musterq.scheduling import TOP_PRIORITY
from musterq.storage.sqlite import ledger, reading
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.limits import Room
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

COUNTED = 10_000  # of tasks in the same place of an order: beyond, only "at least so many" is said
NAMED = 20  # of holders, and of tasks that are waited for
NEWEST = 100  # attempts, and entries of the ledger
STEPS_BACK = 100  # along a chain, to where it stands now
_ANY_LESS = -(2**63)
_ATTEMPT = Attempt.__struct_fields__

LookAtWorkers = Callable[[Connection], list[WorkerActivity]]


def circumstances(
    connection: Connection, task_id: int, logs: int, workers: LookAtWorkers, now: Moment
) -> Circumstances | None:
    """A task and what is around it, all of one moment."""
    if not connection.in_transaction:
        connection.run("BEGIN")  # what is read below is of one moment; whoever keeps the reader ends it
    task = reading.task(connection, task_id)
    if task is None:
        return None
    return Circumstances(
        now=text_to_datetime(now.text),
        task=task,
        attempts=tuple(attempts(connection, task_id, NEWEST)),
        rescues=tuple(ledger.entries(connection, NEWEST, task_id=task_id, worker_id=None, before_id=None)),
        logs=tuple(kept_lines(connection, task_id, logs)),
        **_of_status(connection, task, workers, now),
    )


def attempts(connection: Connection, task_id: int, limit: int) -> list[Attempt]:
    """The newest attempts that did not complete, oldest first."""
    rows = connection.rows(query("task_attempts"), {"id": task_id, "limit": limit})
    return [_attempt(row) for row in reversed(rows)]


def kept_lines(connection: Connection, task_id: int, limit: int) -> list[KeptLine]:
    """The last lines of the task's log, oldest first."""
    rows = connection.rows(query("task_logs"), {"id": task_id, "limit": limit})
    return [
        KeptLine(at_utc=text_to_datetime(at), level=level, message=message, details=details)
        for at, level, message, details in reversed(rows)
    ]


def held_tasks(connection: Connection, worker_id: str, limit: int) -> list[Task]:
    """Tasks that a worker holds, by id."""
    ids = [task_id for (task_id,) in connection.rows(query("held_tasks"), {"worker": worker_id, "limit": limit})]
    found = [reading.task(connection, task_id) for task_id in sorted(ids)]
    return [task for task in found if task is not None]


def place_in_lane(connection: Connection, task_id: int) -> LanePlace | None:
    """Which tasks are before a queued one in its lane; None, if it does not wait there."""
    waits = connection.row(query("lane_of_waiting"), {"id": task_id})
    if waits is None:
        return None
    lane, priority = waits
    slot = min(max(priority, 0), TOP_PRIORITY)
    where = {"id": task_id, "lane": lane, "priority": priority, "slot": slot, "low": slot or _ANY_LESS}
    waiting, in_slots_before, in_slot, older = connection.row(query("place_in_lane"), {**where, "most": COUNTED})
    before = Before(count=in_slots_before + in_slot, exact=in_slot < COUNTED)
    return LanePlace(waiting=waiting, by_priority=before, by_id=_counted(older))


# -- what its status makes worth a look -------------------------------------------------------------
def _of_status(connection: Connection, task: Task, workers: LookAtWorkers, now: Moment) -> dict[str, Any]:
    if task.status == TaskStatus.PROCESSING:
        return _held(connection, task, workers, now)
    if task.status not in (TaskStatus.QUEUED, TaskStatus.SCHEDULED):
        return {}
    paused = connection.row(query("paused_since"), {"type": task.type})
    around = {"workers": tuple(workers(connection)), "paused_since": None if paused is None else _moment(paused[0])}
    if task.status == TaskStatus.SCHEDULED:
        return {**around, **_awaited(connection, task)}
    return {
        **around,
        "limit": _limit(connection, task.type, now),
        "key": _key(connection, task) if task.held else None,
        "place": place_in_lane(connection, task.id),
    }


def _held(connection: Connection, task: Task, workers: LookAtWorkers, now: Moment) -> dict[str, Any]:
    left = connection.row(query("lease_left"), {"id": task.id, "token": None, **now.boot()})
    holder = next((worker for worker in workers(connection) if worker.worker_id == task.locked_by), None)
    known = left is not None and left[0] is not None and math.isfinite(left[0])
    return {"holder": holder, "lease_seconds": round(left[0], 3) if known else None}


def _limit(connection: Connection, type: str, now: Moment) -> LimitNow | None:
    known = isinstance(type, str)  # plain SQL can put in bytes, which no limit names
    row = connection.row(query("limits_now"), {"types": json.dumps([type])}) if known else None
    if row is None:
        return None
    room = Room(row, now)
    _, most, running, count, seconds, *_ = row
    return LimitNow(
        max_running=most,
        running=running,
        rate_count=count,
        rate_seconds=seconds,
        seconds_to_token=room.seconds_to_token,
        holders=tuple(_others(connection, "type_holders", type=type)) if room.places < 1 else (),
    )


def _key(connection: Connection, task: Task) -> KeyNow:
    place = {"key": task.concurrency_key, "priority": task.priority, "id": task.id, "most": COUNTED}
    places, before = connection.row(query("key_place"), place)
    return KeyNow(
        places=max(1, places) if isinstance(places, int) else 1,
        holders=tuple(_others(connection, "key_holders", key=task.concurrency_key)),
        before=_counted(before),
    )


def _awaited(connection: Connection, task: Task) -> dict[str, Any]:
    """What it waits for, and, along the chain, what has to end first of all."""
    if not task.awaits:
        return {}
    rows = _rows_before(connection, task.id, task.group_id)
    first = min(rows, default=None)
    for _ in range(STEPS_BACK):
        if first is None or not _waits_itself(first):
            break
        first = min(_rows_before(connection, first[0], first[4]), default=None)
    awaited = tuple(_other(row[:4]) for row in sorted(rows))
    begins = None if first is None or first in rows else _other(first[:4])
    return {"awaited": awaited, "begins_with": begins}


def _rows_before(connection: Connection, task_id: int, group_id: int | None) -> list[Any]:
    return connection.rows(query("awaited"), {"id": task_id, "group": group_id, "limit": NAMED})


def _waits_itself(row: Any) -> bool:
    return row[2] == TaskStatus.SCHEDULED and bool(row[5])


# -- rows ------------------------------------------------------------------------------------------
def _attempt(row: Any) -> Attempt:
    values = dict(zip(_ATTEMPT, row, strict=True))
    for name in ("started_at_utc", "finished_at_utc"):
        values[name] = _moment(values[name])
    return Attempt(**values)


def _others(connection: Connection, name: str, **wanted: Any) -> list[OtherTask]:
    return [_other(row) for row in connection.rows(query(name), {**wanted, "limit": NAMED})]


def _other(row: Any) -> OtherTask:
    task_id, type, status, worker_id = row
    return OtherTask(id=task_id, type=type, status=status, worker_id=worker_id)


def _counted(count: int) -> Before:
    return Before(count=count, exact=count < COUNTED)


def _moment(text: Any) -> Any:
    return None if text is None else text_to_datetime(text)
