"""WEIGHTED_RANDOM: draws lanes, groups and priorities from the exact counts, a few rows at each step."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from musterq.scheduling import GROUP_SIZE, TOP_PRIORITY, pick, weight
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query

_ANY_LESS, _ANY_MORE = -(2**63), 2**63 - 1


class _Shares:
    """What can be drawn at one step, and how much each still weighs."""

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        rows = list(rows)
        self.names = [name for name, _, _ in rows]
        self.weights = [weight for _, _, weight in rows]

    def draw(self, random: Random) -> int:
        return pick(self.weights, random)


class WeightedDraw:
    """Draws tasks without putting any back, within one transaction."""

    def __init__(self, connection: Connection, lanes: Iterable[tuple[int, int, int]], random: Random) -> None:
        self._connection = connection
        self._random = random
        self._lanes = _Shares(lanes)
        self._groups: dict[int, _Shares] = {}
        self._slots: dict[tuple[int, int], _Shares] = {}
        self._taken: dict[tuple[int, int], int] = {}

    def ids(self, limit: int) -> list[int]:
        """Up to ``limit`` task ids, in the order in which they were drawn."""
        drawn: list[tuple[int, int]] = []
        while len(drawn) < limit and any(self._lanes.weights):
            drawn.append(self._draw_slot())
        heads = {slot: iter(self._heads(*slot, count)) for slot, count in self._taken.items()}
        return [head for slot in drawn if (head := next(heads[slot], None)) is not None]

    def _draw_slot(self) -> tuple[int, int]:
        lane_at = self._lanes.draw(self._random)
        lane = self._lanes.names[lane_at]
        groups = self._groups.get(lane) or self._read_groups(lane)
        group_at = groups.draw(self._random)
        slots = self._slots.get((lane, groups.names[group_at])) or self._read_slots(lane, groups.names[group_at])
        slot_at = slots.draw(self._random)
        slot = slots.names[slot_at]
        for shares, at in ((self._lanes, lane_at), (groups, group_at), (slots, slot_at)):
            shares.weights[at] -= weight(slot)
        self._taken[lane, slot] = self._taken.get((lane, slot), 0) + 1
        return lane, slot

    def _read_groups(self, lane: int) -> _Shares:
        self._groups[lane] = _Shares(self._connection.rows(query("waiting_groups"), (lane,)))
        return self._groups[lane]

    def _read_slots(self, lane: int, group: int) -> _Shares:
        first = group * GROUP_SIZE
        rows = self._connection.rows(query("waiting_slots"), (lane, first, first + GROUP_SIZE - 1))
        self._slots[lane, group] = _Shares(rows)
        return self._slots[lane, group]

    def _heads(self, lane: int, slot: int, count: int) -> list[int]:
        wanted = {
            "lane": lane,
            "low": _ANY_LESS if slot == 0 else slot,
            "high": _ANY_MORE if slot == TOP_PRIORITY else slot,
            "limit": count,
        }
        return [task_id for (task_id,) in self._connection.rows(query("heads_slot"), wanted)]
