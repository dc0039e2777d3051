"""The worker: takes its place in the queue, works, and leaves it in order."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

from musterq.checks import (
    capabilities_text,
    check_max_wait,
    check_positive_int,
    check_seconds,
    check_strategy,
    check_types,
    check_worker_id,
)
from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.models import WORKER_LEASE_SECONDS, Claim, ClaimRequest, SchedulingStrategy, WorkerFacts
from musterq.queue.executors import Executor, check_executor
from musterq.queue.running import Runner
from musterq.queue.task_queue import TaskQueue
from musterq.scalars import check_number, shown
from musterq.storage.base import LivenessLock, Storage
from musterq.worker import option_values as values
from musterq.worker.child_messages import Setup
from musterq.worker.claimer import Claimer
from musterq.worker.event_loop import EventLoop
from musterq.worker.executor import ThreadExecutor
from musterq.worker.executors import Executors
from musterq.worker.facts import default_worker_id, own_facts
from musterq.worker.health import Health
from musterq.worker.heartbeat import Heartbeat
from musterq.worker.historian import Historian
from musterq.worker.limits import declare_limits
from musterq.worker.loading import handled_types
from musterq.worker.log_watch import LogWatch
from musterq.worker.pace import MOST_AHEAD, Pace
from musterq.worker.processes import ProcessRunner, Wear
from musterq.worker.pruner import Pruner
from musterq.worker.rescuer import Rescuer
from musterq.worker.routing import route_of, runnable_types, types_on_loop
from musterq.worker.running_watch import RunningWatch
from musterq.worker.scheduler import Scheduler
from musterq.worker.service import Service
from musterq.worker.stopping import StopRequest
from musterq.worker.task_log import LogFlusher, TaskLog

MOST_PREFETCH = 5000
SHORTEST_SECONDS = 0.01
LAST_RUN_SECONDS = 5.0  # for a service to end what it is at


class WorkerEngine:
    """Claims tasks of a queue and runs their handlers, until it is told to stop.

    Args:
        queue: The queue whose handlers it runs.
        worker_id: Under which it registers; None: host, process id and a random part.
        concurrency: How many tasks run at once.
        executor: Where plain functions run: in threads, or in child processes; an ``async def`` runs on an event loop
            unless its definition says otherwise. ``asyncio`` takes nothing but these.
        max_tasks_per_child: After how many tasks a child process is replaced.
        max_child_mib: A child process is replaced after the task with which it has taken more memory than this.
        strategy: The order in which it takes tasks.
        max_wait: With PRIORITY, a task that has waited longer than this, in seconds, is next, before any other.
        types: The task types it takes; None: all that the queue has handlers for.
        capabilities: What it offers to tasks that ask for something.
        burst: Stop when nothing is left to do: nothing that it may serve is queued, nothing runs, and nothing
            scheduled is due. Tasks that are scheduled for later, retries among them, are not waited for.
        idle_seconds: Stop after having had nothing to do for so long; None: never.
        grace_seconds: How long a stop waits for running tasks before it gives them back.
        heartbeat_seconds: Between two signs of life; half of the lease at most.
        lease_seconds: How long after its last sign of life what it holds is given to others.
        prefetch: The most tasks to claim ahead, where they are short.
        task_log_level: What of the log lines of handlers is kept with their tasks: ``debug``, ``info``, ``warning``,
            ``error`` or ``critical`` and above; ``off``: nothing.
        child_setup: Called once in each child process, after the module of its first handler is imported: a function
            of a module, or something else that can be pickled. It may set up what the program does set up when it
            starts, such as ``logging``.

    Raises:
        TypeError, ValueError: an argument cannot be, nobody handles one of the types, or a handler cannot run where
            it must (a `WorkerLoadError`).
    """

    _stops = 0
    _has_run = False
    _forgotten = False
    _is_sound: Callable[[], bool] | None = None

    def __init__(
        self,
        queue: TaskQueue,
        *,
        worker_id: str | None = None,
        concurrency: int = 8,
        executor: Executor = "threads",
        max_tasks_per_child: int = values.MAX_TASKS_PER_CHILD,
        max_child_mib: int | None = None,
        strategy: SchedulingStrategy | str = SchedulingStrategy.PRIORITY,
        max_wait: float | None = None,
        types: Iterable[str] | None = None,
        capabilities: dict[str, Any] | None = None,
        burst: bool = False,
        idle_seconds: float | None = None,
        grace_seconds: float = 30.0,
        heartbeat_seconds: float = 10.0,
        lease_seconds: float = WORKER_LEASE_SECONDS,
        prefetch: int = MOST_AHEAD,
        task_log_level: str = "info",
        child_setup: Callable[[], object] | None = None,
    ) -> None:
        self.worker_id = default_worker_id() if worker_id is None else check_worker_id(worker_id)
        self._queue = queue
        self._concurrency = check_positive_int("concurrency", concurrency, values.MOST_THREADS)
        self._strategy = check_strategy(strategy)
        self._max_wait = check_max_wait(max_wait, self._strategy)
        self._executor = check_executor(executor)
        self._wear = Wear.checked(max_tasks_per_child, max_child_mib)
        handled = handled_types(queue, check_types(types))
        self._types = runnable_types(queue.definitions, handled, self._executor, all_of_them=types is not None)
        self._capabilities = capabilities_text(capabilities)
        self._burst, self._stop = burst, StopRequest()
        self._idle_seconds = None if idle_seconds is None else check_seconds("idle_seconds", idle_seconds)
        self._grace_seconds = check_seconds("grace_seconds", grace_seconds)
        self._lease_seconds, self._heartbeat_seconds = _check_beats(lease_seconds, heartbeat_seconds)
        self._prefetch = int(check_number("prefetch", prefetch, 0, MOST_PREFETCH))
        self._task_log_level = values.task_log_level(task_log_level)
        self._child_setup = _check_child_setup(child_setup)
        self._on_loop = types_on_loop(queue.definitions, self._types, self._executor)

    @property
    def types(self) -> frozenset[str]:
        """The task types that it takes: of those that it was told, or of all, the ones that its executor can run."""
        return self._types

    @property
    def _events(self) -> Events:
        return self._queue.events

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
            declare_limits(storage, self._queue.definitions, self._types)
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

    def is_healthy(self) -> bool:
        """Whether it is at work, its beats are written within the lease, and nothing in it is stuck; for a watchdog."""
        return self._is_sound is not None and self._is_sound()

    def _serve(self, storage: Storage, lock: LivenessLock) -> None:
        with ExitStack() as cleanup:
            cleanup.callback(self._leave, storage)
            watch = RunningWatch(storage, self.worker_id, events=self._events)
            claimer = self._start_claimer(storage, lock, watch, cleanup)
            health = Health(claimer, self._stop, storage.clock, overdue=watch.overdue)
            self._beat(storage, health)
            self._start_services(storage, watch, health, cleanup)
            self._emit(
                "worker.started",
                types=sorted(self._types),
                concurrency=self._concurrency,
                strategy=self._strategy,
                database=storage.location,
            )
            cleanup.callback(self._wind_down, claimer, health, storage)
            claimer.work()

    def _start_claimer(self, storage: Storage, lock: LivenessLock, watch: RunningWatch, cleanup: ExitStack) -> Claimer:
        waiter = storage.waiter()
        cleanup.callback(waiter.close)
        cleanup.callback(self._stop.call)  # a late `stop` must not wake what is closed
        log = TaskLog(storage, self.worker_id, self._task_log_level)
        cleanup.enter_context(log.listening())
        self._start(LogFlusher(log, events=self._events), cleanup)
        random = Random()  # noqa: S311  # it spreads retries
        runner = Runner(
            self._queue.definitions, storage, random, limits=watch.limits, notices=watch.notices, events=self._events
        )
        children = self._children(runner, storage, lock, watch)
        cleanup.callback(children.close)
        threads = ThreadExecutor(children.run, self._concurrency, begin=lock.begin, end=children.leave)
        cleanup.callback(threads.close)
        threads.start()
        loop = self._loop(runner, lock, watch, threads)
        cleanup.callback(loop.close, LAST_RUN_SECONDS)
        claimer = Claimer(
            storage,
            Executors(threads, loop, belongs_on_loop=self._belongs_on_loop),
            waiter,
            self._request(),
            pace=self._pace(),
            stop=self._stop,
            burst=self._burst,
            idle_seconds=self._idle_seconds,
            kill_children=children.kill_all,
            watch=watch,
            log=log,
            events=self._events,
        )
        watch.watch(claimer.claims, cancel=loop.cancel, kill=children.kill_lost)
        return claimer

    def _loop(self, runner: Runner, lock: LivenessLock, watch: RunningWatch, threads: ThreadExecutor) -> EventLoop:
        return EventLoop(
            runner.run_async,
            self._concurrency,
            begin=lock.begin,
            first_slot=self._concurrency,  # after those of the threads
            finish=threads.finish,
            notices=watch.notices,
        )

    def _belongs_on_loop(self, claim: Claim) -> bool:
        if claim.type not in self._on_loop:
            return False
        return route_of(self._queue.definitions[claim.type], claim, self._executor) == "loop"

    def _pace(self) -> Pace:
        """Nothing is claimed ahead where both threads and loop run tasks: they could be full at the same time."""
        mixed = self._on_loop and self._on_loop != self._types
        return Pace(self._concurrency, 0 if mixed else self._prefetch)

    def _children(self, runner: Runner, storage: Storage, lock: LivenessLock, watch: RunningWatch) -> ProcessRunner:
        return ProcessRunner(
            self._queue.definitions,
            runner,
            storage,
            self._setup(storage),
            shared=lock.shared_with_children,
            limits=watch.limits,
            executor=self._executor,
            wear=self._wear,
            events=self._events,
            random=Random(),  # noqa: S311  # it spreads retries
        )

    def _setup(self, storage: Storage) -> Setup:
        return Setup(
            worker_id=self.worker_id,
            arguments=sys.argv,
            opening=storage.opening,
            task_log_level=self._task_log_level,
            prepare=self._child_setup,
        )

    def _start_services(self, storage: Storage, watch: RunningWatch, health: Health, cleanup: ExitStack) -> None:
        heartbeat = Heartbeat(
            storage,
            self.worker_id,
            self._heartbeat_seconds,
            pulse=health.pulse,
            removed=self._removed,
            events=self._events,
        )
        self._is_sound = lambda: not health.is_wedged and heartbeat.age_seconds < self._lease_seconds
        services = (
            watch,
            heartbeat,
            Rescuer(storage, events=self._events),
            Scheduler(storage, self._queue.save_schedules, events=self._events),
            Pruner(storage, self.worker_id, events=self._events),
            LogWatch(storage, self.worker_id, events=self._events),
            Historian(storage, events=self._events),
        )
        for service in services:
            self._start(service, cleanup)

    def _start(self, service: Service, cleanup: ExitStack) -> None:
        cleanup.callback(service.stop, LAST_RUN_SECONDS)
        service.start()

    def _request(self) -> ClaimRequest:
        return ClaimRequest(
            worker_id=self.worker_id,
            types=self._types,
            strategy=self._strategy,
            lease_seconds=None,  # the heartbeat is the lease
            register_unknown=False,  # who was removed stays removed
            max_wait_seconds=self._max_wait,
        )

    def _facts(self) -> WorkerFacts:
        return own_facts(
            concurrency=self._concurrency,
            strategy=self._strategy,
            types=self._types,
            lease_seconds=self._lease_seconds,
            heartbeat_seconds=self._heartbeat_seconds,
            executor=self._executor,
            prefetch=self._prefetch,
            max_wait=self._max_wait,
            max_tasks_per_child=self._wear.tasks,
            max_child_mib=self._wear.mib,
            burst=self._burst,
            idle_seconds=self._idle_seconds,
            grace_seconds=self._grace_seconds,
            task_log_level=self._task_log_level,
        )

    def _removed(self) -> None:
        self._emit("worker.removed")
        self._stop.ask("removed")

    def _wind_down(self, claimer: Claimer, health: Health, storage: Storage) -> None:
        self._stop.ask("failed")  # unless there is a reason already: then the loop ended by itself
        self._emit("worker.stopping", reason=self._stop.reason, running=claimer.held, grace_seconds=self._grace_seconds)
        if claimer.held:
            self._beat(storage, health)
        claimer.wind_down(self._grace_seconds)

    def _beat(self, storage: Storage, health: Health) -> None:
        """Say at once that it is something else now, before the next beat would."""
        with self._faults_told():
            storage.heartbeat(self.worker_id, health.pulse())

    def _leave(self, storage: Storage) -> None:
        with self._faults_told():
            storage.remove_worker(self.worker_id, left=f"it stopped ({self._stop.reason})")
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


def _check_child_setup(function: Callable[[], object] | None) -> Callable[[], object] | None:
    if function is None:
        return None
    if not callable(function):
        raise TypeError(f"child_setup={shown(function)} cannot be called; give a function of a module")
    try:
        pickle.dumps(function)
    except Exception as error:  # what cannot be pickled says so in many ways
        raise ValueError(
            f"child_setup={shown(function)} cannot be sent to a child process ({error}); give a function of a module"
        ) from error
    return function


def _check_beats(lease_seconds: float, heartbeat_seconds: float) -> tuple[float, float]:
    lease = check_seconds("lease_seconds", lease_seconds, minimum=SHORTEST_SECONDS)
    beat = check_seconds("heartbeat_seconds", heartbeat_seconds, minimum=SHORTEST_SECONDS)
    if beat > lease / 2:
        raise ValueError(
            f"heartbeat_seconds={heartbeat_seconds} is over half of lease_seconds={lease_seconds}, "
            f"so that one late beat would lose the tasks; give less"
        )
    return lease, beat
