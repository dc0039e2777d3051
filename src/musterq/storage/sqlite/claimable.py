"""How much waits for a worker of some kind, from counters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.lanes import may_serve
from musterq.storage.sqlite.limits import Room
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment


def claimable(
    connection: Connection, types: frozenset[str] | None, capabilities: Mapping[str, Any], now: Moment
) -> int:
    """How many queued tasks are in the lanes that it may serve, of a limited type only as many as there is room for."""
    waiting: Counter[str] = Counter()
    for type, compatibility, n in connection.rows(query("waiting_kinds")):
        if (types is None or type in types) and may_serve(capabilities, compatibility):
            waiting[type] += n
    if not waiting:
        return 0
    limited = connection.rows(query("limits_now"), {"types": json.dumps(sorted(waiting))})
    rooms = {room.type: max(0, int(min(room.left, waiting[room.type]))) for room in (Room(row, now) for row in limited)}
    return sum({**waiting, **rooms}.values())
