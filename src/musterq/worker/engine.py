"""The worker: takes its place in the queue, works, and leaves it in order."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from random import Random
from typing import Any

from musterq.checks import (
    capabilities_text,
    check_positive_int,
    check_seconds,
    check_strategy,
    check_types,
    check_worker_id,
)
from musterq.errors import QueueDatabaseError
from musterq.models import WORKER_LEASE_SECONDS, ClaimRequest, SchedulingStrategy, WorkerFacts
from musterq.queue.running import Runner
from musterq.queue.task_queue import TaskQueue
from musterq.scalars import check_number
from musterq.storage.base import LivenessLock, Storage
from musterq.worker.claimer import Claimer
from musterq.worker.executor import ThreadExecutor
from musterq.worker.heartbeat import Heartbeat
from musterq.worker.loading import handled_types
from musterq.worker.option_values import MOST_THREADS
from musterq.worker.pace import MOST_AHEAD, Pace
from musterq.worker.scheduler import Scheduler
from musterq.worker.stopping import StopRequest

MOST_PREFETCH = 5000
LONGEST_HOST = 200
SHORTEST_SECONDS = 0.01
LAST_RUN_SECONDS = 5.0  # for a service to end what it is at


class WorkerEngine:
    """Claims tasks of a queue and runs their handlers in threads, until it is told to stop.

    Args:
        queue: The queue whose handlers it runs.
        worker_id: Under which it registers; None: host, process id and a random part.
        concurrency: How many tasks run at once, each in a thread.
        strategy: The order in which it takes tasks.
        types: The task types it takes; None: all that the queue has handlers for.
        capabilities: What it offers to tasks that ask for something.
        burst: Stop when nothing is left to do: nothing that it may serve is queued, nothing runs, and nothing
            scheduled is due. Tasks that are scheduled for later, retries among them, are not waited for.
        grace_seconds: How long a stop waits for running tasks before it gives them back.
        heartbeat_seconds: Between two signs of life; half of the lease at most.
        lease_seconds: How long after its last sign of life what it holds is given to others.
        prefetch: The most tasks to claim ahead of the threads, where they are short.

    Raises:
        TypeError, ValueError: an argument cannot be, or nobody handles one of the types.
    """

    def __init__(
        self,
        queue: TaskQueue,
        *,
        worker_id: str | None = None,
        concurrency: int = 8,
        strategy: SchedulingStrategy | str = SchedulingStrategy.PRIORITY,
        types: Iterable[str] | None = None,
        capabilities: dict[str, Any] | None = None,
        burst: bool = False,
        grace_seconds: float = 30.0,
        heartbeat_seconds: float = 10.0,
        lease_seconds: float = WORKER_LEASE_SECONDS,
        prefetch: int = MOST_AHEAD,
    ) -> None:
        self.worker_id = default_worker_id() if worker_id is None else check_worker_id(worker_id)
        self._queue = queue
        self._concurrency = check_positive_int("concurrency", concurrency, MOST_THREADS)
        self._strategy = check_strategy(strategy)
        self._types = handled_types(queue, check_types(types))
        self._capabilities = capabilities_text(capabilities)
        self._burst = burst
        self._grace_seconds = check_seconds("grace_seconds", grace_seconds)
        self._lease_seconds = check_seconds("lease_seconds", lease_seconds, minimum=SHORTEST_SECONDS)
        self._heartbeat_seconds = _check_heartbeat(heartbeat_seconds, self._lease_seconds)
        self._prefetch = int(check_number("prefetch", prefetch, 0, MOST_PREFETCH))
        self._events = queue.events
        self._stop = StopRequest()
        self._stops = 0
        self._has_run = False
        self._forgotten = False

    def run(self) -> None:
        """Work until `stop`, until somebody removes the worker or, in a burst, until nothing is left to do.

        It works in threads of its own and blocks the calling one. A fault of the database while it works is told
        as the event ``storage.failed`` and tried again; nothing that has finished is lost. An engine runs once.

        Raises:
            WorkerIdTakenError: another live process works under this worker id.
            QueueDatabaseError: the queue cannot be opened or the worker cannot register; or, in a burst, the database
                stayed broken for half a minute.
            RuntimeError: it has run already.
        """
        if self._has_run:
            raise RuntimeError("this worker has run already; make another WorkerEngine")
        self._has_run = True
        storage = self._queue.storage
        lock = storage.liveness_lock(self.worker_id)
        try:
            storage.register(self.worker_id, self._capabilities, self._facts())
            self._serve(storage, lock)
        finally:
            lock.release(forgotten=self._forgotten)

    def stop(self) -> None:
        """Claim nothing more, finish what runs within the grace time, then end; a second call gives it back at once.

        Returns without waiting for that; any thread and any signal handler may call it, also before `run`.
        """
        self._stops += 1
        self._stop.ask("asked", at_once=self._stops > 1)

    def _serve(self, storage: Storage, lock: LivenessLock) -> None:
        with ExitStack() as cleanup:
            cleanup.callback(self._leave, storage)
            claimer = self._start_claimer(storage, lock, cleanup)
            self._start_services(storage, cleanup)
            storage.set_worker_state(self.worker_id, "idle")
            self._emit(
                "worker.started",
                types=sorted(self._types),
                concurrency=self._concurrency,
                strategy=self._strategy,
                database=storage.location,
            )
            cleanup.callback(self._wind_down, claimer, storage)
            claimer.work()

    def _start_claimer(self, storage: Storage, lock: LivenessLock, cleanup: ExitStack) -> Claimer:
        waiter = storage.waiter()
        cleanup.callback(waiter.close)
        cleanup.callback(self._stop.call)  # a late `stop` must not wake what is closed
        runner = Runner(self._queue.definitions, storage, Random())  # noqa: S311  # it spreads retries
        executor = ThreadExecutor(runner.run, self._concurrency, begin=lock.begin)
        cleanup.callback(executor.close)
        executor.start()
        return Claimer(
            storage,
            executor,
            waiter,
            self._request(),
            pace=Pace(self._concurrency, self._prefetch),
            stop=self._stop,
            burst=self._burst,
            events=self._events,
        )

    def _start_services(self, storage: Storage, cleanup: ExitStack) -> None:
        services = (
            Heartbeat(storage, self.worker_id, self._heartbeat_seconds, removed=self._removed, events=self._events),
            Scheduler(storage, events=self._events),
        )
        for service in services:
            cleanup.callback(service.stop, LAST_RUN_SECONDS)
            service.start()

    def _request(self) -> ClaimRequest:
        return ClaimRequest(
            worker_id=self.worker_id,
            types=self._types,
            strategy=self._strategy,
            lease_seconds=None,  # the heartbeat is the lease
            register_unknown=False,  # who was removed stays removed
        )

    def _facts(self) -> WorkerFacts:
        return WorkerFacts(
            host=socket.gethostname(),
            pid=os.getpid(),
            lease_seconds=self._lease_seconds,
            concurrency=self._concurrency,
            strategy=self._strategy,
            types=tuple(sorted(self._types)),
            version=version("musterq"),
        )

    def _removed(self) -> None:
        self._emit("worker.removed")
        self._stop.ask("removed")

    def _wind_down(self, claimer: Claimer, storage: Storage) -> None:
        self._stop.ask("failed")  # unless there is a reason already: then the loop ended by itself
        self._emit("worker.stopping", reason=self._stop.reason, running=claimer.held)
        if claimer.held:
            with self._faults_told():
                storage.set_worker_state(self.worker_id, "draining")
        claimer.wind_down(self._grace_seconds)

    def _leave(self, storage: Storage) -> None:
        with self._faults_told():
            storage.remove_worker(self.worker_id)
            self._forgotten = True
        self._emit("worker.stopped", reason=self._stop.reason)

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except QueueDatabaseError as error:
            self._emit("storage.failed", error=error)

    def _emit(self, name: str, **facts: object) -> None:
        self._events.emit(name, worker_id=self.worker_id, **facts)


def default_worker_id() -> str:
    """Host, process id, and what tells the workers of one process apart."""
    return f"{socket.gethostname()[:LONGEST_HOST]}-{os.getpid()}-{secrets.token_hex(3)}"


def _check_heartbeat(seconds: float, lease_seconds: float) -> float:
    checked = check_seconds("heartbeat_seconds", seconds, minimum=SHORTEST_SECONDS)
    if checked > lease_seconds / 2:
        raise ValueError(
            f"heartbeat_seconds={seconds} is over half of lease_seconds={lease_seconds}, "
            f"so that one late beat would lose the tasks; give less"
        )
    return checked
