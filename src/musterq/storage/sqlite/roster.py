"""The workers by their kinds: who of them takes tasks, and which lanes a kind may serve.

Whether a worker's process lives costs a few system calls, so it is asked of as few as will do, and once of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from musterq.matching import offered, satisfies, servable
from musterq.models import TAKES_TASKS
from musterq.observations import Shortfall
from musterq.storage.sqlite.rescuing import IsDead
from musterq.storage.sqlite.states import Held, State, state_of
from musterq.storage.sqlite.workers import WorkerAge, types_of

_KEPT_KINDS = 2_000

offer_of = lru_cache(_KEPT_KINDS)(offered)
demand_of = lru_cache(_KEPT_KINDS)(servable)


class Kind(NamedTuple):
    """What tells workers apart: the types that they handle and their capabilities, both as they are stored."""

    types_text: str | None
    capabilities: str

    @property
    def types(self) -> tuple[str, ...] | None:
        """What it handles; None: every type."""
        return types_of(self.types_text)

    def fits(self, types: Iterable[str], demand: Mapping[str, Any] | None) -> bool:
        """Whether it handles all these types and satisfies this compatibility, if that means anything."""
        handles = self.types is None or set(types).issubset(self.types)
        return handles and demand is not None and satisfies(offer_of(self.capabilities), demand)


class Lane(NamedTuple):
    """A lane and how many tasks wait in it."""

    id: int
    type: str
    compatibility: str
    waiting: int


class Member(NamedTuple):
    """A worker and its state."""

    worker: WorkerAge
    state: State
    kind: Kind

    @property
    def types(self) -> tuple[str, ...] | None:
        """What it handles; None: every type."""
        return self.worker.types

    @property
    def capabilities(self) -> str:
        """JSON text."""
        return self.worker.capabilities

    @property
    def status(self) -> str:
        """The word of its state."""
        return self.state.status


class Decisions:
    """Which kinds may serve which lanes, and why none can, as far as this process has found it out.

    What is kept is replaced as one, never emptied: whoever still reads an older state of the database keeps its own.
    """

    def __init__(self) -> None:
        self._made: tuple[int | None, dict[Kind, dict[int, bool]]] = (None, {})
        self._told: tuple[object, dict[int, Shortfall]] = (None, {})

    def of(self, generation: int) -> dict[Kind, dict[int, bool]]:
        """What is decided about the lanes of this generation: kind to lane to whether it may. The caller adds to it."""
        known, decided = self._made
        if known != generation or len(decided) >= _KEPT_KINDS:
            decided = {}
            self._made = (generation, decided)
        return decided

    def told(self, generation: int, members: Iterable[Member]) -> dict[int, Shortfall]:
        """Why none of these workers can serve which lane of this generation. The caller adds to it."""
        fleet = (generation, frozenset(Counter((member.kind, member.status) for member in members).items()))
        known, told = self._told
        if known != fleet:
            told = {}
            self._told = (fleet, told)
        return told


class Roster:
    """All workers of one moment."""

    def __init__(self, workers: Iterable[WorkerAge], is_dead: IsDead) -> None:
        self._is_dead = is_dead
        self._members: dict[str, Member] = {}
        self._by_kind: dict[Kind, list[WorkerAge]] = {}
        for worker in sorted(workers, key=lambda worker: worker.age_seconds):
            self._by_kind.setdefault(Kind(worker.types_text, worker.capabilities), []).append(worker)

    def members(self) -> Iterator[Member]:
        """Every worker with its state."""
        return (self._member(worker, kind) for kind, workers in self._by_kind.items() for worker in workers)

    def members_that(self, types: Iterable[str], demand: Mapping[str, Any] | None) -> Iterator[Member]:
        """The workers that handle all these types and satisfy this compatibility."""
        for kind, workers in self._by_kind.items():
            if kind.fits(types, demand):
                yield from (self._member(worker, kind) for worker in workers)

    def serves(self, lane: Lane, decided: dict[Kind, dict[int, bool]]) -> bool:
        """Whether one of those that take tasks may serve a lane."""
        return any(
            _may_serve(kind, lane, decided.setdefault(kind, {})) and self._takes_tasks(kind) for kind in self._by_kind
        )

    def _takes_tasks(self, kind: Kind) -> bool:
        return any(self._member(worker, kind).status in TAKES_TASKS for worker in self._by_kind[kind])

    def _member(self, worker: WorkerAge, kind: Kind) -> Member:
        known = self._members.get(worker.worker_id)
        if known is None:
            state = state_of(worker, dead=self._is_dead(worker), held=Held())
            known = self._members[worker.worker_id] = Member(worker, state, kind)
        return known


def _may_serve(kind: Kind, lane: Lane, decided: dict[int, bool]) -> bool:
    known = decided.get(lane.id)
    if known is None:
        known = decided[lane.id] = kind.fits((lane.type,), demand_of(lane.compatibility))
    return known
