"""The roll: workers come, beat, are looked at, and go."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from musterq.checks import capabilities_text, check_seconds, check_worker_id
from musterq.models import ACTIVE_SECONDS, STALE_SECONDS, Worker, WorkerActivity
from musterq.monitoring.beating import Beating, beating
from musterq.monitoring.part import Part
from musterq.monitoring.seconds import whole_seconds


class Roll(Part):
    """Who is registered and beating, and what each worker is doing."""

    def register_worker(self, worker_id: str, capabilities: dict[str, Any] | None = None) -> None:
        """Add a worker, or replace the capabilities of one that is there; both count as a heartbeat.

        Args:
            worker_id: The name of the worker, unique in this queue.
            capabilities: What it can do, as JSON's own types; None is the same as ``{}``.

        Raises:
            TypeError, ValueError: the id or the capabilities cannot be stored; nothing was written.
            QueueDatabaseError: the database could not do it.
        """
        checked_id, text = check_worker_id(worker_id), capabilities_text(capabilities)
        self._storage.register(checked_id, text)

    def update_heartbeat(self, worker_id: str) -> bool:
        """Say that a worker is alive now. Returns False if there is no such worker.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._storage.heartbeat(checked_id)

    def heartbeat(
        self, worker_id: str, capabilities: dict[str, Any] | None = None, *, every: float = 10.0, signals: bool = False
    ) -> AbstractContextManager[Beating]:
        """Return a context manager that keeps a worker on the roll within its block.

        It registers the worker, beats from a thread, and takes it off the roll at the end, however the block ends. It
        yields a `Beating`, which is true until somebody removes the worker or asks it to stop: ``while beating:``.

        Args:
            worker_id, capabilities: As of `register_worker`.
            every: Seconds between two heartbeats, at least 0.05.
            signals: Let SIGTERM and Ctrl-C ask it to stop, in the main thread only; afterwards they do what they did.

        Raises:
            TypeError, ValueError: an argument is none of these; nothing was written.
            QueueDatabaseError: the database could not do it, at the begin or at the end of the block.
        """
        return beating(self._storage, worker_id, capabilities, every, signals=signals)

    def get_worker(self, worker_id: str) -> Worker | None:
        """Return one worker, or None if there is no such worker.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._storage.worker(checked_id)

    def get_all_workers(self) -> list[Worker]:
        """Return every registered worker, by ``worker_id``.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return self._storage.workers()

    def get_active_workers(self, active_threshold_seconds: float = ACTIVE_SECONDS) -> list[Worker]:
        """Return the workers that beat lately and are not known to be dead, newest heartbeat first.

        Args:
            active_threshold_seconds: The greatest age in seconds; a heartbeat of exactly this age is active.

        Raises:
            TypeError, ValueError: the threshold is no number of seconds, negative, or over a century.
            QueueDatabaseError: the database could not do it.
        """
        seconds = check_seconds("active_threshold_seconds", active_threshold_seconds)
        return self._storage.active_workers(seconds)

    def get_stale_workers(self, stale_threshold_seconds: float = STALE_SECONDS) -> list[Worker]:
        """Return the workers that have been silent for long, oldest heartbeat first.

        Args:
            stale_threshold_seconds: The age in seconds; only a heartbeat that is older than this is stale.

        Raises:
            TypeError, ValueError: the threshold is no number of seconds, negative, or over a century.
            QueueDatabaseError: the database could not do it.
        """
        seconds = check_seconds("stale_threshold_seconds", stale_threshold_seconds)
        return self._storage.stale_workers(seconds)

    def remove_worker(self, worker_id: str) -> bool:
        """Take a worker off the roll. Returns False if there is no such worker.

        Tasks that it held are queued again at once if it is dead or was registered without a liveness lock. One that is
        alive learns it from its next heartbeat, finishes or gives back what it holds, and exits; what is left then is
        queued again when its lease is over, so that nothing runs twice.

        May be called from a signal handler that interrupted another call of the same thread.

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        return self._storage.remove_worker(checked_id)

    def remove_stale_workers(self, older_than: float = 600.0) -> list[str]:
        """Take the workers off the roll that have been silent for long, each as `remove_worker` does.

        Args:
            older_than: The age in seconds; only workers whose last heartbeat is older than this go.

        Returns the ids of those that were removed, in order.

        Raises:
            TypeError, ValueError: the age is no number of seconds, negative, or over a century.
            QueueDatabaseError: the database could not do it.
        """
        seconds = check_seconds("older_than", older_than)
        return self._storage.remove_stale(seconds)

    def get_worker_activity(self) -> list[dict[str, Any]]:
        """Return what every registered worker is doing, newest heartbeat first.

        Returns a list of dicts with these keys, and more as they become known:
            worker_id (str), capabilities (str): The latter is JSON text.
            heartbeat_utc (str): ``YYYY-MM-DD HH:MM:SS.mmm``, UTC.
            seconds_since_heartbeat (int): Truncated, never negative.
            status (str): ``starting``, ``idle``, ``busy``, ``draining``, ``wedged``, ``suspended``, ``lost``, or,
                without a liveness lock, ``late`` and ``stale``.
            status_reason (str): Why, in words.
            status_since_utc (str): Since when, as far as that is known; in the form of ``heartbeat_utc``.
            tasks_in_flight (int): How many tasks it holds.
            types (list[str] | None): What it handles; None: every type, as far as is known.
            host (str | None), pid (int | None), concurrency (int | None), strategy (str | None),
            started_at_utc (str | None), version (str | None), python (str | None), sqlite (str | None),
            settings (str | None): Where and how it runs: how many tasks at once, in which order, since when, by which
                versions of musterq, Python and SQLite, and by which options (JSON text). None for a worker that no
                worker process registered.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return [_activity(worker) for worker in self._storage.worker_activity()]


def _activity(worker: WorkerActivity) -> dict[str, Any]:
    return {
        "worker_id": worker.worker_id,
        "capabilities": worker.capabilities,
        "heartbeat_utc": worker.heartbeat_utc,
        "seconds_since_heartbeat": whole_seconds(worker.heartbeat_age_seconds),
        "status": worker.status,
        "status_reason": worker.status_reason,
        "status_since_utc": worker.status_since_utc,
        "tasks_in_flight": worker.tasks_in_flight,
        "host": worker.host,
        "pid": worker.pid,
        "types": None if worker.types is None else list(worker.types),
        "concurrency": worker.concurrency,
        "strategy": worker.strategy,
        "version": worker.version,
        "started_at_utc": worker.started_at_utc,
        "python": worker.python,
        "sqlite": worker.sqlite,
        "settings": worker.settings,
    }
