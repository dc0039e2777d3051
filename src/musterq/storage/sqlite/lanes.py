"""Lanes: which there are, and which of them a worker may serve.

What was found is kept until a lane is added or a type paused (`lane_generation`), so a claim decides nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from musterq.matching import offered, satisfies, servable
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

_KEPT_WORKERS = 256
_KEPT_LANES = 10_000

_Wish = tuple[frozenset[str] | None, str | bytes]


class EligibleLanes(NamedTuple):
    """The lanes that a worker may serve, the same as a JSON text, and the types of those whose type has a limit."""

    ids: frozenset[int]
    json: str
    limited: Mapping[int, str]


class Lanes:
    """The lanes of one database, as this process knows them."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._generation: int | None = None
        self._eligible: dict[_Wish, EligibleLanes] = {}

    def id_of(self, connection: Connection, type: str, compatibility: str) -> int:
        """The lane of a new task; added in the transaction of ``connection`` if there is none.

        An id kept from a transaction that was rolled back does no harm: a trigger compares it and mends the task.
        """
        known = self._ids.get((type, compatibility))
        if known is not None:
            return known
        lane: int = _find_or_add(connection, type, compatibility)
        if len(self._ids) >= _KEPT_LANES:
            self._ids.clear()
        self._ids[type, compatibility] = lane
        return lane

    def eligible(
        self,
        connection: Connection,
        generation: int,
        types: frozenset[str] | None,
        capabilities: Mapping[str, Any] | str | bytes,
    ) -> EligibleLanes:
        """The lanes that a worker of these types and capabilities (a mapping, or the JSON of its row) may serve."""
        if generation != self._generation:
            self._eligible.clear()
            self._generation = generation
        text = capabilities if isinstance(capabilities, str | bytes) else json.dumps(capabilities, sort_keys=True)
        wish = (types, text)
        found = self._eligible.get(wish)
        if found is None:
            found = _eligible(connection, types, offered(text))
            if len(self._eligible) >= _KEPT_WORKERS:
                self._eligible.clear()
            self._eligible[wish] = found
        return found


def _find_or_add(connection: Connection, type: str, compatibility: str) -> Any:
    found = connection.row(query("lane_id"), (type, compatibility))
    if found is None:
        connection.run(query("lane_add"), (type, compatibility))
        found = connection.row(query("lane_id"), (type, compatibility))
    return found[0]


def _eligible(connection: Connection, types: frozenset[str] | None, capabilities: Mapping[str, Any]) -> EligibleLanes:
    ids, limited = set(), {}
    for lane, type, compatibility, is_limited in connection.rows(query("lanes")):
        if (types is None or type in types) and may_serve(capabilities, compatibility):
            ids.add(lane)
            if is_limited and isinstance(type, str):  # plain SQL can put in bytes, which no limit names
                limited[lane] = type
    return EligibleLanes(frozenset(ids), json.dumps(sorted(ids)), limited)


def may_serve(capabilities: Mapping[str, Any], compatibility: object) -> bool:
    """Whether what a worker offers satisfies what a lane asks for."""
    requirement = servable(compatibility)
    return requirement is not None and satisfies(capabilities, requirement)
