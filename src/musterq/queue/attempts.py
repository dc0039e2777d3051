"""The worker's side of a queue, by hand: tasks are claimed, finished, or given back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from musterq.checks import (
    capabilities_text,
    check_limit,
    check_max_wait,
    check_seconds,
    check_strategy,
    check_types,
    check_worker_id,
    result_text,
)
from musterq.models import WORKER_LEASE_SECONDS, Claim, ClaimRequest, Outcome, SchedulingStrategy, TaskStatus
from musterq.queue.draining import LEASE_SECONDS, passing_worker
from musterq.queue.failures import bounded
from musterq.queue.producing import Producing
from musterq.queue.running import tell
from musterq.retry import delay_seconds
from musterq.scalars import shown


class Attempts(Producing):
    """Claims tasks, and says how their attempts ended."""

    def claim(
        self,
        worker_id: str,
        limit: int = 1,
        *,
        types: Iterable[str] | None = None,
        capabilities: dict[str, Any] | None = None,
        strategy: SchedulingStrategy | str = SchedulingStrategy.PRIORITY,
        lease_seconds: float = WORKER_LEASE_SECONDS,
        seed: int | None = None,
        max_wait: float | None = None,
    ) -> list[Claim]:
        """Take up to ``limit`` tasks for one attempt each, in the order of the strategy.

        Args:
            worker_id: who takes them; one that is unknown is registered.
            limit: 1 to 10,000.
            types: which types; None: every type.
            capabilities: what the worker can do; None: what it is registered with.
            strategy: a `SchedulingStrategy` or its name.
            lease_seconds: for how long each claim holds; `extend` it in time, or somebody else gets the task.
            seed: makes WEIGHTED_RANDOM repeatable.
            max_wait: with PRIORITY, a task that has waited longer than this, in seconds, is next, before any other.

        Raises:
            TypeError, ValueError: an argument is not allowed; nothing was claimed.
            QueueDatabaseError: the database could not do it.
        """
        return self.storage.claim(
            ClaimRequest(
                worker_id=check_worker_id(worker_id),
                limit=check_limit(limit),
                types=check_types(types),
                capabilities=_checked_capabilities(capabilities),
                strategy=check_strategy(strategy),
                lease_seconds=check_seconds("lease_seconds", lease_seconds),
                seed=_checked_seed(seed),
                max_wait_seconds=check_max_wait(max_wait, check_strategy(strategy)),
            )
        )

    def complete(self, claim: Claim, result: Any = None) -> bool:
        """The task is done. False: the claim is no longer held, and nothing has changed.

        Raises:
            TypeError, ValueError: the result is not JSON, or larger than the queue's ``max_payload_bytes``.
        """
        text = None if result is None else result_text(result, self.max_payload_bytes)
        return self._finish(Outcome(claim=_checked_claim(claim), status=TaskStatus.COMPLETED, result=text))

    def fail(self, claim: Claim, error: str, *, retry: bool = True, retry_in: float | None = None) -> bool:
        """The attempt failed. False: the claim is no longer held, and nothing has changed.

        Args:
            claim: what `claim` returned.
            error: what went wrong, in words.
            retry: whether the task is to run again, as long as it has attempts left.
            retry_in: after how many seconds; None: as its retry policy says.

        Raises:
            TypeError, ValueError: an argument is not allowed.
        """
        claim = _checked_claim(claim)
        if not isinstance(error, str):
            raise TypeError(f"error={shown(error)} is a {type(error).__name__}; give a text, such as str(error)")
        if not retry:
            return self._finish(Outcome(claim=claim, status=TaskStatus.FAILED, error=bounded(error)))
        given = None if retry_in is None else check_seconds("retry_in", retry_in)
        delay = delay_seconds(claim.retry, claim.attempts, self._random) if given is None else given
        return self._finish(
            Outcome(claim=claim, status=TaskStatus.SCHEDULED, error=bounded(error), retry_in_seconds=delay)
        )

    def extend(self, claim: Claim, seconds: float) -> bool:
        """Let the claim's lease end ``seconds`` from now. False: it is no longer held, and nothing has changed."""
        return self.storage.extend(_checked_claim(claim), check_seconds("seconds", seconds))

    def release(self, claim: Claim) -> bool:
        """Give the task back unstarted; the attempt does not count. False: the claim is no longer held."""
        return self._finish(Outcome(claim=_checked_claim(claim), status=TaskStatus.QUEUED))

    def drain(
        self,
        limit: int | None = None,
        *,
        types: Iterable[str] | None = None,
        capabilities: dict[str, Any] | None = None,
        strategy: SchedulingStrategy | str = SchedulingStrategy.PRIORITY,
        worker_id: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        max_wait: float | None = None,
    ) -> int:
        """Run what is due, here in this thread, until nothing is left; returns the number of attempts.

        What tasks enqueue is run too; retries and delays that are due later are not waited for.

        Args:
            limit: how many attempts at most.
            types: which types, of those whose handlers are defined here; None: all of them.
            capabilities: what this worker can do; tasks that ask for more are left.
            strategy, max_wait: as of `claim`.
            worker_id: who runs them; None: a worker that is registered for this call only.
            lease_seconds: longer than the longest handler, since nobody beats while it runs.

        Raises:
            TypeError, ValueError: an argument is not allowed, or a type has no handler here.
        """
        attempts = None if limit is None else check_limit(limit)
        if not (handled := self._handled(check_types(types))):
            return 0
        worker = passing_worker(self.storage, "drain") if worker_id is None else nullcontext(check_worker_id(worker_id))
        with worker as known_id:
            request = ClaimRequest(
                worker_id=known_id,
                types=handled,
                capabilities=_checked_capabilities(capabilities),
                strategy=check_strategy(strategy),
                lease_seconds=check_seconds("lease_seconds", lease_seconds),
                max_wait_seconds=check_max_wait(max_wait, check_strategy(strategy)),
            )
            return self._in_place().drain(request, attempts)

    def _handled(self, wanted: frozenset[str] | None) -> frozenset[str]:
        if wanted is None:
            return frozenset(self._definitions)
        if unknown := sorted(wanted - self._definitions.keys()):
            known = ", ".join(map(repr, self._definitions)) or "none"
            raise ValueError(f"no handler of {', '.join(map(repr, unknown))} is defined here; there are: {known}")
        return wanted

    def _finish(self, outcome: Outcome) -> bool:
        held = self.storage.finish((outcome,))[0]
        if held:
            tell(self.events, outcome, self.storage)
        return held


def _checked_claim(claim: Claim) -> Claim:
    if not isinstance(claim, Claim):
        raise TypeError(f"claim={shown(claim)} is a {type(claim).__name__}; give one that claim() returned")
    return claim


def _checked_capabilities(capabilities: dict[str, Any] | None) -> dict[str, Any] | None:
    if capabilities is not None:
        capabilities_text(capabilities)
    return capabilities


def _checked_seed(seed: int | None) -> int | None:
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise TypeError(f"seed={shown(seed)} is a {type(seed).__name__}; give a whole number, or None")
    return seed
