"""Attempts: tasks are claimed, and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from musterq.models import Claim, ClaimRequest, Outcome
from musterq.records import LogLine


class AttemptVerbs(Protocol):
    """The verbs of attempts."""

    def claim(self, request: ClaimRequest) -> list[Claim]:
        """Take up to ``limit`` tasks that the worker may serve, in the order of its strategy.

        First moves up to 100 due tasks to queued and brings back what leases gave up. Tasks that have
        expired or whose payload is broken become failed instead of being returned.
        """

    def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        """Write how attempts ended. False where the claim is no longer held: nothing was changed there."""

    def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, *, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        """`finish` and then `claim`, in one transaction; ``request`` None claims nothing.

        ``begun`` are claims taken ahead that have been started meanwhile.
        """

    def extend(self, claim: Claim, seconds: float) -> bool:
        """Move the end of a claim's lease to ``seconds`` from now. False: no longer held."""

    def progress(self, claim: Claim, fraction: float, message: str | None) -> bool:
        """Note how far a running task is (0 to 1). False: no longer held."""

    def log(self, lines: Sequence[LogLine]) -> None:
        """Keep log lines of tasks (`task_logs`), those whose claim is still held, in one transaction."""

    def cancel_requests(self, worker_id: str) -> list[tuple[int, int]]:
        """``(task id, claim token)`` of the running tasks of this worker that somebody wants cancelled."""
