"""Putting tasks in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from musterq.clock import datetime_to_text
from musterq.models import Enqueued, NewTask, TaskStatus
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.tallies import Tallies

LaneOf = Callable[[Connection, str, str], int]
_QUEUED, _SCHEDULED = TaskStatus.QUEUED.value, TaskStatus.SCHEDULED.value


def enqueue(connection: Connection, tasks: Sequence[NewTask], lane_of: LaneOf, now: str) -> list[Enqueued]:
    """Write the tasks in order, in the transaction that is open."""
    made = _put_all(connection, tasks, lane_of, now)
    tallies = Tallies()
    for task, known in zip(tasks, made, strict=True):
        if known.created:
            tallies.count(task.type, "enqueued")
    tallies.write(connection, now)
    return made


def _put_all(connection: Connection, tasks: Sequence[NewTask], lane_of: LaneOf, now: str) -> list[Enqueued]:
    if len(tasks) == 1:
        return [_put(connection, tasks[0], lane_of, now)]
    made: list[Enqueued] = []
    for keyed, run in groupby(tasks, key=lambda task: task.idempotency_key is not None):
        if keyed:
            made.extend(_put(connection, task, lane_of, now) for task in run)
        else:
            made.extend(_put_many(connection, list(run), lane_of, now))
    return made


def _put(connection: Connection, task: NewTask, lane_of: LaneOf, now: str) -> Enqueued:
    if task.idempotency_key is not None:
        known = connection.row(query("task_id_by_key"), (task.idempotency_key,))
        if known is not None:
            return Enqueued(known[0], created=False)
    return Enqueued(connection.insert(query("enqueue"), _row(connection, task, lane_of, now)), created=True)


def _put_many(connection: Connection, tasks: list[NewTask], lane_of: LaneOf, now: str) -> list[Enqueued]:
    """All at once; AUTOINCREMENT numbers them one after the other, since nobody else can write meanwhile."""
    connection.run_many(query("enqueue"), [_row(connection, task, lane_of, now) for task in tasks])
    last: int = connection.row(query("last_task_id"))[0]
    return [Enqueued(task_id, created=True) for task_id in range(last - len(tasks) + 1, last + 1)]


def _row(connection: Connection, task: NewTask, lane_of: LaneOf, now: str) -> tuple[Any, ...]:
    run_after = now if task.run_after is None else datetime_to_text(task.run_after)
    return (
        task.type,
        task.payload,
        task.priority,
        task.compatibility,
        _SCHEDULED if run_after > now else _QUEUED,
        task.max_attempts,
        task.max_crashes,
        run_after,
        now,
        now,
        lane_of(connection, task.type, task.compatibility),
        task.idempotency_key,
        task.concurrency_key,
        task.headers,
        None if task.retry is None else msgspec.json.encode(task.retry).decode(),
        task.timeout_seconds,
        None if task.expires_at is None else datetime_to_text(task.expires_at),
        task.hard_timeout_seconds,
        task.concurrency_limit,
    )
