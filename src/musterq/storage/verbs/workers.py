"""Workers: they come, beat, are looked at, and go."""

from __future__ import annotations

from typing import Protocol

from musterq.models import Worker, WorkerActivity, WorkerFacts
from musterq.records import Pulse


class LivenessLock(Protocol):
    """A lock that dies with the process that holds it: free means certainly dead."""

    @property
    def shared_with_children(self) -> tuple[int, ...]:
        """Descriptors that each process inherits that runs tasks for the worker: the lock is free when all are closed.

        So nothing is taken from the dead while a process that it has started may still be at work on it.
        """

    def begin(self, slot: int, token: int) -> None:
        """Note the token of the claim that a thread (``slot``: its number) is about to run.

        It costs next to nothing, and tells exactly which tasks are to be charged if the process dies.
        """

    def release(self, *, forgotten: bool = True) -> None:
        """Let it go, on a clean stop; ``forgotten``: the worker is not registered any more."""


class WorkerVerbs(Protocol):
    """The verbs of workers."""

    def register(self, worker_id: str, capabilities: str, facts: WorkerFacts | None = None) -> None:
        """Add or replace a worker and beat.

        ``facts`` come from a worker process that holds its liveness lock: whoever had this id before is dead, and what
        he held is rescued first.
        """

    def heartbeat(self, worker_id: str, pulse: Pulse | None = None) -> bool:
        """Beat, and note what the worker says of itself. False: there is no such worker (any more)."""

    def worker(self, worker_id: str) -> Worker | None:
        """One worker, or None."""

    def workers(self) -> list[Worker]:
        """All workers by id."""

    def active_workers(self, seconds: float) -> list[Worker]:
        """Workers not known to be dead whose beat is at most so old; newest beat first."""

    def stale_workers(self, seconds: float) -> list[Worker]:
        """Workers whose beat is older than this; oldest beat first."""

    def worker_activity(self) -> list[WorkerActivity]:
        """What every worker is doing; newest beat first."""

    def remove_worker(self, worker_id: str, *, left: str | None = None) -> bool:
        """Forget a worker; rescue its tasks if it is dead or has no liveness lock, else put them under a lease.

        ``left``: it leaves of its own accord, and why, in words.

        Callable from a signal handler that interrupted another verb of the same thread: answered from a
        read, written when that verb unwinds, even if the handler then ends the process.
        """

    def remove_stale(self, seconds: float) -> list[str]:
        """Forget the workers whose beat is older than this, each as `remove_worker` does; who they were, by id.

        They are judged in the transaction that removes them, so one that has just beaten stays.
        """

    def liveness_lock(self, worker_id: str) -> LivenessLock:
        """Take the lock of a worker process.

        Raises:
            WorkerIdTakenError: a live process holds it.
        """
