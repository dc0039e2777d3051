"""What a worker and a child process of it say to each other, and what the worker knows when a child says nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from musterq.models import Claim, Crash, Outcome, TaskStatus
from musterq.worker.locating import Address


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The first words to a child: of its worker, how the program was called, and how the queue is opened.

    Attributes:
        prepare: what it calls once, after the module of its first handler is imported.
    """

    worker_id: str
    arguments: list[str]
    opening: dict[str, Any]
    task_log_level: str
    prepare: Callable[[], object] | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A task to run; a child answers that it begins, and then how the attempt ended.

    Attributes:
        surroundings: what it enters around the handler, if its worker traces.
    """

    address: Address
    claim: Claim
    max_result_bytes: int
    surroundings: AbstractContextManager[object] | None = None


class Begun(msgspec.Struct, frozen=True):
    """The handler is found, and is called now."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended, as its `Outcome` says it, and the largest resident memory of the child so far."""

    status: TaskStatus
    result: str | None
    error: str | None
    error_type: str | None
    traceback: str | None
    retry_in_seconds: float
    started_at: float | None
    finished_at: float | None
    peak_bytes: int

    @classmethod
    def of(cls, outcome: Outcome, peak_bytes: int) -> Report:
        """The report of an outcome, without the claim, which the worker has."""
        return cls(
            status=outcome.status,
            result=outcome.result,
            error=outcome.error,
            error_type=outcome.error_type,
            traceback=outcome.traceback,
            retry_in_seconds=outcome.retry_in_seconds,
            started_at=outcome.started_at,
            finished_at=outcome.finished_at,
            peak_bytes=peak_bytes,
        )

    def outcome(self, claim: Claim) -> Outcome:
        """The outcome again."""
        return Outcome(
            claim=claim,
            status=self.status,
            result=self.result,
            error=self.error,
            error_type=self.error_type,
            traceback=self.traceback,
            retry_in_seconds=self.retry_in_seconds,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """A child has ended with its task: how, whether the handler had begun, and whether its time was over."""

    crash: Crash
    begun: bool
    over_time: bool
