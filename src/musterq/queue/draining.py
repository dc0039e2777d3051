"""Running tasks in the caller's thread: all that are due, or each one as it is enqueued."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from musterq.events import Events
from musterq.matching import satisfies
from musterq.models import Claim, ClaimRequest, Enqueued, NewTask, SchedulingStrategy
from musterq.queue.running import Runner, tell
from musterq.storage.base import Storage

LEASE_SECONDS = 600.0  # nobody beats for this thread, and a handler may take its time


@contextmanager
def passing_worker(storage: Storage, purpose: str) -> Iterator[str]:
    """The id of a worker that the first claim registers, and that leaves at the end."""
    worker_id = f"{purpose}-{secrets.token_hex(6)}"
    try:
        yield worker_id
    finally:
        storage.remove_worker(worker_id)


class InPlace:
    """Runs tasks in the thread that asks for it."""

    def __init__(self, storage: Storage, runner: Runner, events: Events) -> None:
        self._storage = storage
        self._runner = runner
        self._events = events

    def drain(self, request: ClaimRequest, limit: int | None) -> int:
        """Run one task after the other until none is due; returns the number of attempts."""
        attempts = 0
        claims = self._storage.claim(request)
        while claims:
            attempts += 1
            claims = self._run(claims[0], request if attempts != limit else None)
        return attempts

    def run_new(self, worker_id: str, enqueued: Enqueued, task: NewTask) -> None:
        """Run a task that was just enqueued, and any that comes before it when the newest of its type go first."""
        request = ClaimRequest(
            worker_id=worker_id,
            types=frozenset({task.type}),
            capabilities=_capabilities_for(json.loads(task.compatibility)),
            strategy=SchedulingStrategy.LIFO,
            lease_seconds=LEASE_SECONDS,
        )
        claims = self._storage.claim(request)
        while claims:
            found = claims[0].task_id == enqueued.id
            claims = self._run(claims[0], None if found else request)

    def _run(self, claim: Claim, request: ClaimRequest | None) -> list[Claim]:
        outcome = self._runner.run(claim)
        held, claims = self._storage.exchange([outcome], request)
        if held[0]:
            tell(self._events, outcome)
        return claims


def _capabilities_for(compatibility: Mapping[str, Any]) -> dict[str, Any]:
    """Capabilities that satisfy a compatibility, where that can be: the machine of a test has no GPU to show."""
    capabilities = {}
    for name, asked in compatibility.items():
        if satisfies({}, {name: asked}):
            continue
        fitting = [value for value in _candidates(asked) if satisfies({name: value}, {name: asked})]
        if fitting:
            capabilities[name] = fitting[0]
    return capabilities


def _candidates(asked: Any) -> Iterator[Any]:
    if isinstance(asked, dict):
        yield from asked.values()
        for value in asked.values():
            yield from _candidates(value)
    elif isinstance(asked, list):
        for element in asked:
            yield from _candidates(element)
    else:
        yield asked
