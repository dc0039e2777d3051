"""Running tasks in the caller's thread: all that are due, or each one as it is enqueued."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from musterq.events import Events
from musterq.matching import satisfies
from musterq.models import Claim, ClaimRequest, NewTask, Outcome, SchedulingStrategy, TaskStatus
from musterq.queue.current import running_task
from musterq.queue.running import Runner, tell
from musterq.storage.base import Storage

LEASE_SECONDS = 600.0  # nobody beats for this thread, and a handler may take its time


@contextmanager
def passing_worker(storage: Storage, purpose: str) -> Iterator[str]:
    """The id of a worker that the first claim registers, and that leaves at the end."""
    worker_id = _passing_id(purpose)
    try:
        yield worker_id
    finally:
        storage.remove_worker(worker_id)


def _passing_id(purpose: str) -> str:
    return f"{purpose}-{secrets.token_hex(6)}"


class _Period:
    """From the first block that is entered to the end of the last one, and of what still runs then."""

    def __init__(self) -> None:
        self.worker_id = _passing_id("immediate")
        self.blocks = 0
        self.runs = 0
        self.over = threading.Event()


class ImmediateMode:
    """Whether enqueueing runs tasks: on from the first block to the last. Blocks and runs may be in many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._period: _Period | None = None

    @property
    def is_on(self) -> bool:
        """Whether a block is open, seen without the lock."""
        return self._period is not None

    @contextmanager
    def block(self, storage: Storage) -> Iterator[None]:
        """Switch it on; the last block to end switches it off, and waits for what runs, unless it is in a handler."""
        with self._lock:
            period = self._period = self._period or _Period()
            period.blocks += 1
        try:
            yield
        finally:
            with self._lock:
                period.blocks -= 1
                last = not period.blocks
                self._period = None if last else period
                idle = last and not period.runs
            if idle:
                _end(period, storage)
            elif last and running_task() is None:  # which may be what it would wait for
                period.over.wait()

    @contextmanager
    def run(self, storage: Storage) -> Iterator[str | None]:
        """The id of the worker that runs what was enqueued, for as long as that takes; None: it is switched off."""
        with self._lock:
            period = self._period
            if period is not None:
                period.runs += 1
        try:
            yield None if period is None else period.worker_id
        finally:
            if period is not None:
                self._run_ended(period, storage)

    def _run_ended(self, period: _Period, storage: Storage) -> None:
        with self._lock:
            period.runs -= 1
            idle = not period.runs and not period.blocks
        if idle:
            _end(period, storage)


def _end(period: _Period, storage: Storage) -> None:
    try:
        storage.remove_worker(period.worker_id)
    finally:
        period.over.set()


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

    def run_new(self, worker_id: str, task_id: int, task: NewTask) -> None:
        """Run one task that was just enqueued, if it is queued and may be claimed, and no other."""
        claim = self._claim_new(worker_id, task_id, task)
        if claim is not None:
            self._run(claim, None)

    def _claim_new(self, worker_id: str, task_id: int, task: NewTask) -> Claim | None:
        """Take the newest of its type until it is among them, and give the others back before anybody can tell."""
        request = ClaimRequest(
            worker_id=worker_id,
            types=frozenset({task.type}),
            capabilities=_capabilities_for(json.loads(task.compatibility)),
            strategy=SchedulingStrategy.LIFO,
            lease_seconds=LEASE_SECONDS,
        )
        with self._storage.transaction():
            found = self._storage.get(task_id)
            if found is None or found.status != TaskStatus.QUEUED:
                return None
            claims = self._claims_down_to(task_id, request)
            others = [claim for claim in claims if claim.task_id != task_id]
            self._storage.finish([Outcome(claim=claim, status=TaskStatus.QUEUED) for claim in others])
        return next((claim for claim in claims if claim.task_id == task_id), None)

    def _claims_down_to(self, task_id: int, request: ClaimRequest) -> list[Claim]:
        """The newest first; none that is older, but for the one that shows that it cannot be had."""
        taken: list[Claim] = []
        while not taken or taken[-1].task_id > task_id:
            claims = self._storage.claim(request)
            if not claims:
                break
            taken += claims
        return taken

    def _run(self, claim: Claim, request: ClaimRequest | None) -> list[Claim]:
        outcome = self._runner.run(claim)
        held, claims = self._storage.exchange([outcome], request)
        if held[0]:
            tell(self._events, outcome, self._storage)
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
