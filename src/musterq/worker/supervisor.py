"""The supervisor: runs several worker processes, restarts those that die, and has as many as the queue calls for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from typing import TypeVar

from musterq.events import Events
from musterq.storage.base import Storage
from musterq.worker.bell import Bell
from musterq.worker.crew import Crew
from musterq.worker.demand import Demand
from musterq.worker.engine import LAST_RUN_SECONDS
from musterq.worker.facts import default_worker_id
from musterq.worker.historian import Historian
from musterq.worker.places import Place
from musterq.worker.plan import Plan
from musterq.worker.pruner import Pruner
from musterq.worker.rescuer import Rescuer
from musterq.worker.scheduler import Scheduler
from musterq.worker.worker_process import WorkerProcess

LOOK_SECONDS = 1.0
SHORT_LOOK_SECONDS = 0.1  # while something is expected, and between two looks at what waits
START_SECONDS = 120.0  # for a successor to be at work
HEALTHY_SECONDS = 60.0

_Answer = TypeVar("_Answer")
Steps = Generator[None, None, _Answer]


class Supervisor:
    """Looks after worker processes until it is stopped.

    It also promotes what is due and rescues what the dead held, so that this goes on when no worker is left.

    Args:
        storage: The queue of its workers.
        plan: How they are set up.
        start: Starts one, given its id and whether it may end when it has nothing to do.
        plan_again: Looks at the code that is there now; a ChildProcessError says that it cannot start.
        most: How many workers run at once.
        least: How many run even if there is nothing to do.
        events: Where to tell what happens.

    Raises:
        ValueError: the ids of its workers would be too long.
    """

    def __init__(
        self,
        storage: Storage,
        plan: Plan,
        *,
        start: Callable[[str, bool], WorkerProcess],
        plan_again: Callable[[], Plan],
        most: int,
        least: int,
        events: Events,
    ) -> None:
        self._storage = storage
        self._plan = plan
        self._plan_again = plan_again
        self._most = most
        self._least = least
        self._events = events
        self._name = plan.worker_id or default_worker_id()
        self._crew = Crew(storage, self._name, most, start=start, events=events)
        self._demand = Demand(storage)
        self._bell = Bell()
        self._wake_waiter: Callable[[], None] = self._bell.wake
        self._stops = 0
        self._reload_is_due = False
        self._reload: Steps[None] | None = None
        self._is_new = True  # no worker of this code has run yet, to write down its schedules
        self._is_ready = False
        self._is_ending = False
        self._looked_at = time.monotonic()

    def stop(self) -> None:
        """Stop all workers in order and end; a second call has them give back what runs. For any signal handler."""
        self._stops += 1
        self.wake()

    def reload(self) -> None:
        """Replace all workers by new ones, one at a time. For any signal handler."""
        self._reload_is_due = True
        self.wake()

    def wake(self) -> None:
        """Look at once: a worker may have ended. For any signal handler."""
        self._bell.wake()
        self._wake_waiter()

    def is_healthy(self) -> bool:
        """Whether it goes on looking."""
        return time.monotonic() - self._looked_at < HEALTHY_SECONDS

    def run(self) -> None:
        """Until `stop`, and until the last worker has ended."""
        with ExitStack() as cleanup:
            waiter = self._storage.waiter()
            cleanup.callback(waiter.close)
            self._wake_waiter = waiter.wake
            cleanup.callback(self._forget_waiter)
            self._start_services(cleanup)
            self._look()
            while not self._stops or len(self._crew):
                (waiter if self._may_grow() else self._bell).wait(self._pause())
                if self._may_grow() and len(self._crew):
                    self._bell.wait(SHORT_LOOK_SECONDS)  # a busy queue has news all the time
                self._look()
        self._events.emit("supervisor.stopped", pid=os.getpid())

    def _start_services(self, cleanup: ExitStack) -> None:
        services = (
            Scheduler(self._storage, _workers_save_schedules, events=self._events),
            Rescuer(self._storage, events=self._events),
            Pruner(self._storage, self._name, events=self._events),
            Historian(self._storage, events=self._events),
        )
        for service in services:
            cleanup.callback(service.stop, LAST_RUN_SECONDS)
            service.start()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._crew.bury()
        self._crew.see_who_is_at_work()
        if self._stops:
            self._end_all()
        else:
            self._go_on_with_reload()
            self._fill()
            self._tell_when_ready()
        self._crew.kill_overdue(self._plan.grace)

    def _forget_waiter(self) -> None:
        self._wake_waiter = self._bell.wake

    def _may_grow(self) -> bool:
        return not self._stops and self._least < self._most and len(self._crew) < self._most

    def _pause(self) -> float:
        expected = self._reload is not None or self._crew.starting
        until_start = self._crew.next_start - time.monotonic()
        return max(0.0, min(SHORT_LOOK_SECONDS if expected else LOOK_SECONDS, until_start))

    # -- as many as are wanted ---------------------------------------------------------------------
    def _fill(self) -> None:
        for _ in range(self._wanted() - self._crew.taken):
            self._start()

    def _start(self) -> None:
        self._is_new = False
        lasting = sum(not place.is_surplus for place, _ in self._crew)
        with suppress(ChildProcessError):  # told already, and tried again after a rest
            self._crew.start(is_surplus=lasting >= self._least)

    def _wanted(self) -> int:
        if not self._may_grow():
            return self._most
        running, starting = len(self._crew), self._crew.starting
        more = self._crew.ask(
            lambda: self._demand.workers(self._plan, at_work=running - starting, starting=starting), 0
        )
        return min(self._most, max(self._least, running + more, self._is_new))

    def _tell_when_ready(self) -> None:
        if not self._is_ready and len(self._crew) - self._crew.starting >= self._least:
            self._is_ready = True
            self._events.emit("supervisor.started", database=self._plan.database, least=self._least, most=self._most)

    # -- new code ----------------------------------------------------------------------------------
    def _go_on_with_reload(self) -> None:
        if self._reload is None and self._reload_is_due:
            self._reload_is_due = False
            self._reload = self._replace_all()
        if self._reload is not None:
            try:
                next(self._reload)
            except StopIteration:
                self._reload = None
            except ChildProcessError as error:
                self._reload = None
                self._events.emit("reload.failed", pid=os.getpid(), error=str(error))

    def _replace_all(self) -> Steps[None]:
        self._events.emit("reload.started", pid=os.getpid())
        self._plan = yield from self._planned()
        self._is_new = True
        for place, process in self._crew:
            yield from self._replace(place, process)
        self._events.emit("reload.finished", pid=os.getpid())

    def _planned(self) -> Steps[Plan]:
        """What the code that is there now says, asked in a thread: it may take long to load."""
        answers: list[Plan | ChildProcessError] = []

        def ask() -> None:
            try:
                answers.append(self._plan_again())
            except ChildProcessError as error:
                answers.append(error)
            self.wake()

        threading.Thread(target=ask, name="musterq-plan", daemon=True).start()
        while not answers:
            yield
        if isinstance(answers[0], ChildProcessError):
            raise answers[0]
        return answers[0]

    def _replace(self, place: Place, old: WorkerProcess) -> Steps[None]:
        """Start a successor, and stop the old one only when that is at work."""
        self._is_new = False
        successor, new = self._crew.start(is_surplus=place.is_surplus)
        deadline = new.started_at + START_SECONDS
        while not successor.is_registered:
            if successor.process is not new:
                raise ChildProcessError(f"the new worker {successor.worker_id} ended before it was at work")
            if time.monotonic() > deadline:
                new.ask_to_stop(at_once=True)
                raise ChildProcessError(f"the new worker {successor.worker_id} was not at work in {START_SECONDS:g} s")
            yield
        if place.process is old:
            old.ask_to_stop()
        while place.process is old:
            yield

    # -- the end -----------------------------------------------------------------------------------
    def _end_all(self) -> None:
        if not self._is_ending:
            self._is_ending = True
            self._events.emit("supervisor.stopping", running=len(self._crew))
        self._crew.ask_to_stop(at_once=self._stops > 1)


def _workers_save_schedules() -> None:
    """Those of the queue stand in the user's code, which runs in the workers alone."""
