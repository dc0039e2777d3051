"""Limits by type: how many tasks may run at once, and a bucket of tokens for how many may start in a period.

A claim reads them only where one of the worker's lanes is limited. It takes at most what there is room for, and writes
what is left in a bucket in its own transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from musterq.clock import text_to_datetime
from musterq.records import TypeLimit
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

_JUST_NOW_SECONDS = 0.05  # a token that came since the last claim looked: whoever sleeps now would sleep past it
_NEARLY = 1e-9  # sums of fractions of tokens fall short by less


class Bucket:
    """Tokens that come at a steady rate, up to as many as may start in one period.

    Judged by the boot clock while the boot is the same, else by the wall clock, which gives nothing and takes nothing
    where it was set back.
    """

    def __init__(self, count: int, seconds: float, left: Any, written: tuple[Any, Any, Any], now: Moment) -> None:
        self._rate = count / seconds
        self._left = left if isinstance(left, int | float) else None
        self._elapsed = _elapsed(written, now)
        self._most = count
        self.is_ahead = self._elapsed < 0  # it was written by a clock that is ahead of this one

    @property
    def tokens(self) -> float:
        """How many there are now; a bucket that was never used is full."""
        return self._most if self._left is None else min(self._most, self._left + self._came)

    @property
    def seconds_to_next(self) -> float | None:
        """Until there is one; 0, if it came just now; None, if there has been one."""
        if self._left is None:
            return None
        lacking = (1 - self._left - self._came) / self._rate
        return max(lacking, 0.0) if lacking > -_JUST_NOW_SECONDS else None

    @property
    def _came(self) -> float:
        return max(self._elapsed, 0.0) * self._rate


class Room:
    """How many more tasks of a type may be taken."""

    def __init__(self, row: Any, now: Moment) -> None:
        self.type, most, running, count, seconds, tokens, *written = row
        self.places = most - running if isinstance(most, int) else inf
        has_rate = isinstance(count, int) and isinstance(seconds, int | float) and count > 0 and seconds > 0
        self.bucket = Bucket(count, seconds, tokens, (*written,), now) if has_rate else None
        self.taken = 0

    @property
    def left(self) -> float:
        """At most so many, as a claim takes them; below 1: none."""
        tokens = inf if self.bucket is None else self.bucket.tokens + _NEARLY
        return min(self.places, tokens) - self.taken

    @property
    def seconds_to_token(self) -> float | None:
        """Until one may start by the rate; None: at once."""
        if self.bucket is None or self.bucket.tokens + _NEARLY >= 1:
            return None
        return self.bucket.seconds_to_next


class Rooms:
    """The room in each limited type that a worker may serve, within one claim."""

    def __init__(self, connection: Connection, limited: Mapping[int, str], now: Moment) -> None:
        self._connection = connection
        self._types = limited
        self._now = now
        types = json.dumps(sorted(set(limited.values())))
        rows = connection.rows(query("limits_now"), {"types": types})
        self._rooms = {room.type: room for room in (Room(row, now) for row in rows)}

    def open_lanes(self, lanes: Iterable[int]) -> frozenset[int]:
        """Those of the lanes whose type has room."""
        return frozenset(lane for lane in lanes if self._left(lane) >= 1)

    def cut(self, ids: list[int]) -> list[int]:
        """Of these tasks, in their order, as many of each type as it has room for."""
        lanes = dict(self._connection.rows(query("lanes_of"), {"ids": str(ids)}))
        chosen: dict[str | None, int] = {}
        kept = []
        for task_id in ids:
            lane = lanes[task_id]
            already = chosen.get(self._types.get(lane), 0)
            if self._left(lane) - already >= 1:
                chosen[self._types.get(lane)] = already + 1
                kept.append(task_id)
        return kept

    def take(self, type: str) -> None:
        """A task of this type was taken."""
        if type in self._rooms:
            self._rooms[type].taken += 1

    def write(self) -> None:
        """Write what is left in the buckets that were used."""
        for room in self._rooms.values():
            if room.bucket is not None and (room.taken or room.bucket.is_ahead):
                left = {"type": room.type, "tokens": max(room.bucket.tokens - room.taken, 0.0)}
                self._connection.run(query("tokens_left"), {**self._now.boot(), **left})

    def _left(self, lane: int) -> float:
        room = self._rooms.get(self._types.get(lane, ""))
        return inf if room is None else room.left


def set_limit(connection: Connection, type: str, limit: TypeLimit | None) -> None:
    """Limit a type, or end its limit."""
    if limit is None:
        connection.run(query("limit_drop"), {"type": type})
        return
    facts = {
        "type": type,
        "max_running": limit.max_running,
        "rate_count": limit.rate_count,
        "rate_seconds": limit.rate_seconds,
    }
    connection.run(query("limit_set"), facts)


def limits(connection: Connection) -> dict[str, TypeLimit]:
    """The limits by type, in order."""
    return {
        type: TypeLimit(max_running=running, rate_count=count, rate_seconds=seconds)
        for type, running, count, seconds in connection.rows(query("limits"))
    }


def seconds_to_next_token(connection: Connection, now: Moment) -> float | None:
    """Until a task that waits for a token only may start; None, if none waits for that."""
    rooms = [Room(row, now) for row in connection.rows(query("limits_waited_for"))]
    waits = [room.bucket.seconds_to_next for room in rooms if room.bucket is not None and room.places >= 1]
    return min((seconds for seconds in waits if seconds is not None), default=None)


def _elapsed(written: tuple[Any, Any, Any], now: Moment) -> float:
    """The seconds since a bucket was written; negative, if that was by a clock that is ahead."""
    text, boot_id, boot_ms = written
    if boot_id == now.boot_id and isinstance(boot_ms, int):
        return (now.boot_ms - boot_ms) / 1000
    try:
        return now.epoch - text_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return 0.0
