"""Schedules: what stands there, and the one transaction that moves a schedule on and enqueues what its tick is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from musterq.clock import datetime_to_text, text_to_datetime
from musterq.models import Enqueued, NewTask
from musterq.records import Schedule
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.enqueueing import LaneOf, enqueue
from musterq.storage.sqlite.queries import query


def is_known(connection: Connection, schedule: Schedule) -> bool:
    """Whether it stands there just as it is defined."""
    return connection.row(query("schedule_known"), _definition(schedule)) is not None


def save(connection: Connection, schedule: Schedule, now: str) -> None:
    """Write a schedule as it is defined."""
    facts = {**_definition(schedule), "next": datetime_to_text(schedule.next_at), "now": now}
    connection.run(query("schedule_save"), facts)


def schedules(connection: Connection) -> list[Schedule]:
    """All, by name."""
    return [_schedule(row) for row in connection.rows(query("schedules"))]


def due(connection: Connection, now: str) -> list[Schedule]:
    """Those whose tick has come, the longest due first."""
    return [_schedule(row) for row in connection.rows(query("schedules_due"), {"now": now})]


def tick(
    connection: Connection,
    schedule: Schedule,
    following: datetime,
    tasks: Sequence[NewTask],
    lane_of: LaneOf,
    *,
    now: str,
) -> list[Enqueued] | None:
    """Move a schedule on and enqueue its tasks; None if it does not stand there as it was read, and nothing changed."""
    facts = {
        "name": schedule.name,
        "expected": datetime_to_text(schedule.next_at),
        "following": datetime_to_text(following),
        "enqueues": bool(tasks),
        "now": now,
    }
    if connection.run(query("schedule_tick"), facts) != 1:
        return None
    return enqueue(connection, tasks, lane_of, now)


def _definition(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "type": schedule.type,
        "timing": schedule.timing,
        "timezone": schedule.timezone,
        "catch_up": schedule.catch_up,
        "task": schedule.task,
    }


def _schedule(row: Any) -> Schedule:
    name, type, timing, timezone, catch_up, task, next_utc, last_utc, paused = row
    return Schedule(
        name=name,
        type=type,
        timing=timing,
        timezone=timezone,
        catch_up=catch_up,
        task=task,
        next_at=text_to_datetime(next_utc),
        last_at=None if last_utc is None else text_to_datetime(last_utc),
        paused=bool(paused),
    )
