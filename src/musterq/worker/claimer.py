"""The claim loop: writes what finished and claims what fits, in one transaction each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.models import Claim, ClaimRequest, Outcome, TaskStatus
from musterq.queue.running import tell
from musterq.storage.base import Storage, Waiter
from musterq.worker.bell import Bell
from musterq.worker.executors import Executors
from musterq.worker.pace import Pace
from musterq.worker.rescuer import rescue
from musterq.worker.running_watch import RunningWatch
from musterq.worker.service import retry_pause
from musterq.worker.stopping import StopRequest
from musterq.worker.task_log import TaskLog

LOOK_SECONDS = 1.0  # in case an event was missed
POLL_SECONDS = 0.05  # where the storage has no events
GATHER_SECONDS = 0.005  # while the threads have enough to do, for outcomes to come together
STALL_SECONDS = 0.1  # a task that waits longer for a thread goes to whoever has one free
LEAST_SECONDS = 0.01  # while more is due than a claim promotes
PROMOTE_BATCH = 1000
GIVE_BACK_SECONDS = 1.0  # for coroutines to end that are cancelled
BURST_FAILURES = 10  # in a row, over some half a minute: who waits for a burst to end is told that it cannot


class Sleeper(Protocol):
    """Something to sleep on."""

    def wait(self, seconds: float) -> None:
        """Sleep."""

    def wake(self) -> None:
        """End the current or the next sleep."""


class Claimer:
    """Keeps the threads of a worker busy.

    It sleeps on the storage's waiter while the queue has nothing for it, and on a bell while every thread
    is taken, when news of the queue would wake it for nothing.

    Attributes:
        moves: how often it has gone round.
        resting: whether it sleeps until there is something to do.
    """

    def __init__(
        self,
        storage: Storage,
        executor: Executors,
        waiter: Waiter,
        request: ClaimRequest,
        *,
        pace: Pace,
        stop: StopRequest,
        burst: bool,
        idle_seconds: float | None,
        kill_children: Callable[[], None],
        watch: RunningWatch,
        log: TaskLog,
        events: Events,
    ) -> None:
        self._storage = storage
        self._executor = executor
        self._waiter = waiter
        self._request = request
        self._pace = pace
        self._stop = stop
        self._burst = burst
        self._idle_seconds = idle_seconds
        self._kill_children = kill_children
        self._watch = watch
        self._log = log
        self._busy_at = time.monotonic()  # when something was last claimed or finished
        self._events = events
        self._bell = Bell()
        self._held: dict[int, Claim] = {}  # by claim token: claimed, and not yet collected as finished
        self._ahead: dict[int, Claim] = {}  # by claim token: held, and not yet noted as begun
        self._ended: list[Claim] = []  # claimed ahead, and finished before they were noted as begun
        self._unwritten: list[Outcome] = []
        self._failures = 0
        self.moves = 0
        self.resting = False
        stop.call(self._bell.wake, waiter.wake)

    @property
    def held(self) -> int:
        """How many tasks are claimed and not finished."""
        return len(self._held)

    def claims(self) -> dict[int, Claim]:
        """What is claimed and not finished, by claim token, as of now; any thread may ask."""
        return self._held.copy()

    def work(self) -> None:
        """Claim and finish until somebody asks to stop or, in a burst, until nothing is left to do."""
        while self._stop.reason is None:
            self.moves += 1
            try:
                self._cycle()
                self._failures = 0
            except Exception as error:  # told by _failed; a worker outlives every fault
                pause = self._failed(error)
                if self._burst and self._failures >= BURST_FAILURES:
                    raise
                self._rest(self._bell, pause)

    def wind_down(self, seconds: float) -> None:
        """Claim nothing more, finish what runs within the time, and give back the rest."""
        deadline = time.monotonic() + seconds
        self._unwritten += self._let_go(self._executor.take_unstarted())
        while (self._held or self._unwritten) and (left := self._left(deadline)) > 0:
            pause = self._try_to_write()
            if pause:
                self._bell.wait(min(pause, left))
            elif self._held:
                self._sleep(self._bell, left)
        self._executor.give_back(GIVE_BACK_SECONDS)
        self._kill_children()  # what runs in there is given back, and may begin elsewhere at once
        # the fence refuses the late finish of what still runs in a thread
        self._unwritten = self._collect() + self._let_go(list(self._held.values()))
        self._try_to_write()

    def _cycle(self) -> None:
        outcomes, limit = self._collect(), self._room()
        if outcomes or limit:
            claims = self._exchange(outcomes, limit)
            if outcomes or claims:
                self._busy_at = time.monotonic()
            self._executor.offer(claims)
            if claims:
                self._watch.look()
            if len(claims) < limit:
                self._wait_for_tasks()
        else:
            self._sleep(self._bell, LOOK_SECONDS)

    def _collect(self) -> list[Outcome]:
        """What is to be written: what has finished, and what has waited too long for a thread."""
        finished = self._executor.take_finished()
        self._pace.note(finished)
        for outcome in finished:
            if outcome.claim.claim_token in self._ahead and outcome.started_at is not None:
                self._ended.append(outcome.claim)
            self._drop(outcome.claim)
        return self._unwritten + finished + self._stalled()

    def _stalled(self) -> list[Outcome]:
        offered = self._executor.oldest_offer()
        if offered is None or time.monotonic() - offered < STALL_SECONDS:
            return []
        outcomes = self._let_go(self._executor.take_excess())
        if outcomes:
            self._pace.note_stall()
        return outcomes

    def _let_go(self, claims: Iterable[Claim]) -> list[Outcome]:
        """The outcomes that give these back, which are no longer held from here on."""
        return [Outcome(claim=self._drop(claim), status=TaskStatus.QUEUED) for claim in claims]

    def _drop(self, claim: Claim) -> Claim:
        self._ahead.pop(claim.claim_token, None)
        return self._held.pop(claim.claim_token)

    def _begun(self) -> list[Claim]:
        """What was claimed ahead and has begun: if the worker dies, these are charged for it, and no others."""
        if not self._ahead:
            return self._ended
        return self._ended + [claim for claim in self._executor.running if claim.claim_token in self._ahead]

    def _room(self) -> int:
        return max(0, self._pace.target - len(self._held))

    def _exchange(self, outcomes: list[Outcome], limit: int) -> list[Claim]:
        self._unwritten = outcomes  # until they are
        begun = self._begun()
        self._log.flush()  # while the claims are held
        written, claims = self._storage.exchange(outcomes, self._wish(limit), begun=begun)
        self._unwritten, self._ended = [], []
        for claim in begun:
            self._ahead.pop(claim.claim_token, None)
        for claim in claims:
            self._held[claim.claim_token] = claim
            if not claim.started:
                self._ahead[claim.claim_token] = claim
        self._tell(outcomes, written)
        return claims

    def _wish(self, limit: int) -> ClaimRequest | None:
        """Claim as many as there are idle threads to begin at once, the others ahead."""
        if not limit:
            return None
        at_once = min(limit, max(0, self._pace.threads - len(self._held)))
        return msgspec.structs.replace(self._request, limit=at_once, ahead=limit - at_once)

    def _tell(self, outcomes: list[Outcome], written: list[bool]) -> None:
        for outcome, done in zip(outcomes, written, strict=True):
            if done:
                tell(self._events, outcome, self._storage)
            else:
                self._events.emit(
                    "finish.refused",
                    task_id=outcome.claim.task_id,
                    type=outcome.claim.type,
                    worker_id=outcome.claim.worker_id,
                    status=outcome.status,
                )

    def _wait_for_tasks(self) -> None:
        if not self._held and self._burst:
            # what has come due is promoted a batch at a time: there may be more of it, or of what the dead held
            if not self._storage.promote(PROMOTE_BATCH) and not rescue(self._storage, self._events).queued:
                self._stop.ask("drained")
            return
        if not self._held and self._idle_seconds is not None and time.monotonic() - self._busy_at > self._idle_seconds:
            self._stop.ask("idle")
            return
        look = LOOK_SECONDS if self._storage.can_notify else POLL_SECONDS
        due = self._storage.seconds_to_next_due()
        self._sleep(self._waiter, look if due is None else min(look, max(due, LEAST_SECONDS)))

    def _sleep(self, sleeper: Sleeper, seconds: float) -> None:
        """Sleep until the next finish, a request to stop, what wakes this sleeper, or the end of the time."""
        if self._executor.call_on_finish(sleeper.wake, stock=self._pace.target // 2):
            self._rest(sleeper, seconds if self._executor.oldest_offer() is None else min(seconds, GATHER_SECONDS))
            self._executor.call_nobody()
        self._executor.call_idle_threads()

    def _rest(self, sleeper: Sleeper, seconds: float) -> None:
        self.resting = True
        sleeper.wait(seconds)
        self.resting = False

    def _failed(self, error: Exception) -> float:
        """Tell of it; returns how long to wait before the next try."""
        self._failures += 1
        pause = retry_pause(self._failures)
        self._events.emit(
            "storage.failed",
            worker_id=self._request.worker_id,
            error=error,
            unwritten=len(self._unwritten),
            retry_in_seconds=pause,
        )
        return pause

    def _left(self, deadline: float) -> float:
        return 0.0 if self._stop.at_once else deadline - time.monotonic()

    def _try_to_write(self) -> float:
        """Write what there is; returns how long to wait before the next try, 0 when it is written."""
        outcomes = self._collect()
        try:
            if outcomes:
                self._exchange(outcomes, 0)
        except QueueDatabaseError as error:
            return self._failed(error)
        self._failures = 0
        return 0.0
