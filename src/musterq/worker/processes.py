"""Running tasks in child processes, one for each thread of the worker, and suspects alone in one of their own."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any, Self

import msgspec

from musterq.checks import check_positive_int
from musterq.errors import TaskTimeout
from musterq.events import Events
from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue.executors import Executor
from musterq.queue.failures import error_type
from musterq.queue.running import Runner
from musterq.queue.tasks import TaskDefinition
from musterq.queue.time_limits import TimeLimits
from musterq.retry import delay_seconds
from musterq.storage.base import Storage
from musterq.worker.child_messages import Death, Job, Report, Setup
from musterq.worker.child_starts import ChildStarts, Turn
from musterq.worker.locating import HOW_TO_BE_FOUND, Address, address_of
from musterq.worker.option_values import MOST_CHILD_MIB, MOST_TASKS_PER_CHILD
from musterq.worker.routing import Definitions, route_of

if TYPE_CHECKING:
    from musterq.worker.child_process import ChildProcess

KILL_SECONDS = 5.0  # for processes that were killed to be gone
LOOK_SECONDS = 0.005
MIB = 2**20


class Wear(msgspec.Struct, frozen=True):
    """After how many tasks a child is replaced, and after how much memory (None: however much)."""

    tasks: int
    bytes: int | None

    @classmethod
    def checked(cls, max_tasks_per_child: int, max_child_mib: int | None) -> Self:
        """The same from the options of a worker.

        Raises:
            TypeError, ValueError: one of them cannot be.
        """
        tasks = check_positive_int("max_tasks_per_child", max_tasks_per_child, MOST_TASKS_PER_CHILD)
        if max_child_mib is None:
            return cls(tasks, None)
        return cls(tasks, check_positive_int("max_child_mib", max_child_mib, MOST_CHILD_MIB) * MIB)

    @property
    def mib(self) -> int | None:
        """The memory, as the option gives it."""
        return None if self.bytes is None else self.bytes // MIB


class Attempt:
    """One attempt in a child, which may be ended from outside."""

    def __init__(self) -> None:
        self.is_ended = False
        self.began_at: float | None = None  # when its handler was called
        self._child: ChildProcess | None = None
        self._lock = threading.Lock()

    def begin(self, child: ChildProcess) -> bool:
        """Run in this child. False: it was ended before."""
        with self._lock:
            self._child = child
            return not self.is_ended

    def end(self) -> None:
        """Kill what runs, and let nothing more begin."""
        with self._lock:
            self.is_ended = True
            if self._child is not None:
                self._child.kill()

    def leave(self) -> None:
        """The child is somebody else's from now on."""
        with self._lock:
            self._child = None


class ProcessRunner:
    """Runs tasks in the thread that asks for it or, where they belong there, in a child of that thread.

    A thread has no child before it needs one.

    A child is replaced after so many tasks, once it has taken so much memory, and whenever it dies. Of many that are
    needed at the same time, as after the death of a large worker, some start at once and the others after them.

    Args:
        definitions: the handlers.
        runner: what runs a task that does not belong in a child.
        storage: the queue.
        setup: what a child is told first.
        shared: the descriptors that every child keeps open.
        limits: where it is noted which attempts are under a time limit.
        executor: that of the worker.
        wear: when a child is replaced.
        events: where it tells of suspects that it cannot guard.
        random: it spreads retries.
    """

    def __init__(
        self,
        definitions: Definitions,
        runner: Runner,
        storage: Storage,
        setup: Setup,
        *,
        shared: tuple[int, ...],
        limits: TimeLimits,
        executor: Executor,
        wear: Wear,
        events: Events,
        random: Random,
    ) -> None:
        self._definitions = definitions
        self._runner = runner
        self._executor = executor
        self._storage = storage
        self._setup = setup
        self._shared = shared
        self._limits = limits
        self._starts = ChildStarts()
        self._wear = wear
        self._events = events
        self._random = random
        self._addresses: dict[str, Address | None] = {}
        self._attempts: dict[int, Attempt] = {}  # by claim token
        self._mine = threading.local()  # .child: that of a thread, which nobody else uses
        self._alive: set[ChildProcess] = set()
        self._closed = False

    def run(self, claim: Claim) -> Outcome:
        """Run a task to its end."""
        definition = self._definitions.get(claim.type)
        if definition is not None and route_of(definition, claim, self._executor) == "child":
            return self._run_in_child(claim, definition)
        return self._runner.run(claim)

    def kill_lost(self, claim_token: int) -> None:
        """Kill the process that runs this claim, if one does: the task was taken back, and may run elsewhere."""
        attempt = self._attempts.get(claim_token)
        if attempt is not None:
            attempt.end()

    def kill_all(self) -> None:
        """Kill what runs in children, which is given back, and begin nothing more; returns when it is gone."""
        self._closed = True
        for attempt in list(self._attempts.values()):
            attempt.end()
        deadline = time.monotonic() + KILL_SECONDS
        while self._attempts and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)

    def leave(self) -> None:
        """End the child of this thread, which is about to end itself."""
        child = getattr(self._mine, "child", None)
        if child is not None:
            self._end(child)

    def close(self) -> None:
        """Wait until every thread has left; children of those that have not are killed."""
        self.kill_all()
        deadline = time.monotonic() + KILL_SECONDS
        while self._alive and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        for child in list(self._alive):
            child.kill()

    def _run_in_child(self, claim: Claim, definition: TaskDefinition[..., Any]) -> Outcome:
        address = self._address(definition)
        if address is None:
            return self._run_without(claim, definition)
        job = Job(address=address, claim=claim, max_result_bytes=definition.max_result_bytes)
        tracer = self._events.tracer
        if tracer is None:
            return self._attempt(job)
        with tracer.attempt(claim) as traced:
            outcome = self._attempt(msgspec.structs.replace(job, surroundings=traced.in_child()))
            traced.ended(outcome)
        return outcome

    def _attempt(self, job: Job) -> Outcome:
        attempt = self._attempts[job.claim.claim_token] = Attempt()
        try:
            return _released(job.claim) if self._closed else self._run(attempt, job)
        finally:
            del self._attempts[job.claim.claim_token]

    def _address(self, definition: TaskDefinition[..., Any]) -> Address | None:
        try:
            return self._addresses[definition.type]
        except KeyError:
            return self._addresses.setdefault(definition.type, address_of(definition))

    def _run_without(self, claim: Claim, definition: TaskDefinition[..., Any]) -> Outcome:
        """Its handler cannot run in a child: a suspect gets another chance here, a hard limit cannot be kept."""
        if claim.hard_timeout_seconds is not None or not claim.suspect:
            said = f"a child process cannot find the handler {definition!r}: {HOW_TO_BE_FOUND}"
            return Outcome(claim=claim, status=TaskStatus.FAILED, error=f"the worker could not run it: {said}")
        self._events.emit(
            "suspect.unguarded",
            task_id=claim.task_id,
            type=claim.type,
            worker_id=claim.worker_id,
            handler=repr(definition),
        )
        return self._runner.run(claim)

    def _run(self, attempt: Attempt, job: Job) -> Outcome:
        """Run it in the child of this thread, unless that turns out to have died before, or else in a fresh one."""
        child: ChildProcess | None = None if job.claim.suspect else getattr(self._mine, "child", None)
        if child is not None:
            ended = self._run_in(child, attempt, job)
            if not _has_died_before(ended):
                return self._outcome(ended, attempt, job.claim)
        with self._starts.turn() as turn:
            if not turn.take(lambda: attempt.is_ended):
                return _released(job.claim)
            try:
                child = self._spawn(is_own=not job.claim.suspect)
            except OSError as error:
                return self._not_run(job.claim, f"its child process cannot be started: {error}")
            return self._outcome(self._run_in(child, attempt, job, turn), attempt, job.claim)

    def _run_in(
        self, child: ChildProcess, attempt: Attempt, job: Job, turn: Turn | None = None
    ) -> Report | Death | None:
        """None: it was ended before."""
        goes_on = False
        with ExitStack() as under_limit:

            def begin() -> None:
                attempt.began_at = self._storage.clock.time()
                if turn is not None:
                    turn.give_back()
                if job.claim.hard_timeout_seconds is None:  # else it ends by that, and need not be told of
                    under_limit.enter_context(self._limits.noted(job.claim))

            try:
                run_seconds = job.claim.hard_timeout_seconds
                ended = child.run(job, run_seconds, on_begin=begin) if attempt.begin(child) else None
                goes_on = isinstance(ended, Report) and not (job.claim.suspect or self._is_worn(child))
            finally:
                attempt.leave()
                if not goes_on or attempt.is_ended:
                    self._end(child)
        return ended

    def _outcome(self, ended: Report | Death | None, attempt: Attempt, claim: Claim) -> Outcome:
        if isinstance(ended, Report):
            return ended.outcome(claim)
        if ended is None or attempt.is_ended:
            return _released(claim)
        return self._of_death(ended, claim, attempt.began_at)

    def _of_death(self, death: Death, claim: Claim, started: float | None) -> Outcome:
        if not death.begun:  # it is the program's fault, and not the task's
            return self._not_run(claim, f"its child process, which was to import the handler, {death.crash.words}")
        finished = self._storage.clock.time()
        if death.over_time:
            return Outcome(
                claim=claim,
                status=TaskStatus.SCHEDULED,
                error=f"TaskTimeout: killed at its hard time limit of {claim.hard_timeout_seconds:g} s",
                error_type=error_type(TaskTimeout()),
                retry_in_seconds=self._delay(claim),
                started_at=started,
                finished_at=finished,
            )
        return Outcome(
            claim=claim,
            status=TaskStatus.QUEUED,
            error=f"worker lost: its process {death.crash.words}",
            crash=death.crash,
            started_at=started,
            finished_at=finished,
        )

    def _not_run(self, claim: Claim, why: str) -> Outcome:
        said = f"the worker could not run it: {why}"
        return Outcome(claim=claim, status=TaskStatus.SCHEDULED, error=said, retry_in_seconds=self._delay(claim))

    def _delay(self, claim: Claim) -> float:
        return delay_seconds(claim.retry, claim.attempts, self._random)

    def _spawn(self, *, is_own: bool) -> ChildProcess:
        """A fresh one, which is that of this thread from now on if ``is_own``."""
        from musterq.worker.child_process import ChildProcess  # which takes memory, and not every worker needs it

        child = ChildProcess(self._setup, self._shared)
        self._alive.add(child)
        if is_own:
            self._mine.child = child
        return child

    def _is_worn(self, child: ChildProcess) -> bool:
        is_large = self._wear.bytes is not None and (child.peak_bytes or 0) > self._wear.bytes
        return is_large or child.runs >= self._wear.tasks

    def _end(self, child: ChildProcess) -> None:
        child.close()
        self._alive.discard(child)
        if getattr(self._mine, "child", None) is child:
            self._mine.child = None


def _has_died_before(ended: Report | Death | None) -> bool:
    """Whether a child was found dead, or died of the import of the handler, which a fresh one then tells."""
    return isinstance(ended, Death) and not (ended.begun or ended.over_time)


def _released(claim: Claim) -> Outcome:
    return Outcome(claim=claim, status=TaskStatus.QUEUED)
