"""The watch over what runs: time limits, claims that were lost, and tasks that somebody wants cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import inf

from musterq.events import Events
from musterq.models import Claim
from musterq.queue.current import Notices
from musterq.queue.time_limits import TimeLimits
from musterq.storage.base import Storage
from musterq.worker.service import Service

ASK_SECONDS = 1.0


class RunningWatch(Service):
    """Tells tasks of their time limits, and asks once a second, while any run, which are lost or to be cancelled.

    While nothing runs it sleeps, until `look` is called.

    Attributes:
        limits: the attempts that run under a limit.
        notices: what it has found out.
    """

    def __init__(self, storage: Storage, worker_id: str, *, events: Events) -> None:
        super().__init__("musterq-running-watch", events)
        self.limits = TimeLimits(self.wake)
        self.notices = Notices()
        self._storage = storage
        self._worker_id = worker_id
        self._claims: Callable[[], Mapping[int, Claim]] = dict
        self._cancel: Callable[[int], None] = _nothing_runs_there
        self._kill: Callable[[int], object] = _nothing_runs_there
        self._next_ask = inf  # by the monotonic clock; inf: nothing runs

    def watch(
        self,
        claims: Callable[[], Mapping[int, Claim]],
        *,
        cancel: Callable[[int], None],
        kill: Callable[[int], object],
    ) -> None:
        """Say what there is to watch; before `start`.

        Args:
            claims: what the worker holds now, by claim token.
            cancel: ends the coroutine that runs the claim of a token, if one does.
            kill: ends the child process that runs the claim of a token, if one does.
        """
        self._claims, self._cancel, self._kill = claims, cancel, kill

    def look(self) -> None:
        """Something runs now; the claim loop calls this each time that it has claimed, so it costs next to nothing."""
        if self._next_ask == inf:
            self.wake()

    def overdue(self) -> str | None:
        """A task that is over its time limit and does not end, in words; None: there is none."""
        return self.limits.overdue()

    def run_once(self) -> float | None:
        """Tell whose time is over, and ask the database when it is time to; returns when to look again."""
        seconds_to_limit = self.limits.tell_overdue()
        if not self._something_runs():
            return seconds_to_limit
        if time.monotonic() >= self._next_ask:
            self._ask()
            self._next_ask = time.monotonic() + ASK_SECONDS
        seconds_to_ask = max(0.0, self._next_ask - time.monotonic())
        return seconds_to_ask if seconds_to_limit is None else min(seconds_to_ask, seconds_to_limit)

    def _something_runs(self) -> bool:
        if not self._claims():
            self._next_ask = inf  # from here on, who claims wakes us; who has just claimed is seen by a second look
            if not self._claims():
                return False
        if self._next_ask == inf:
            self._next_ask = time.monotonic() + ASK_SECONDS
        return True

    def _ask(self) -> None:
        before = self._claims()
        held = self._storage.held_claims(self._worker_id)
        cancelled = self._storage.cancel_requests(self._worker_id)
        still = self._claims()  # what has been finished meanwhile is not lost
        for token in before.keys() & still.keys():
            if (before[token].task_id, token) not in held:
                self._tell_lost(before[token])
        for _, token in cancelled:
            self._tell_cancelled(token)
        self.notices.lost.intersection_update(still)
        self.notices.cancelled.intersection_update(still)

    def _tell_lost(self, claim: Claim) -> None:
        token = claim.claim_token
        if token in self.notices.lost:
            return
        self.notices.lost.add(token)
        self._events.emit(
            "task.lost", task_id=claim.task_id, type=claim.type, worker_id=claim.worker_id, attempt=claim.attempts
        )
        self._cancel(token)
        self._kill(token)

    def _tell_cancelled(self, token: int) -> None:
        if token not in self.notices.cancelled:
            self.notices.cancelled.add(token)
            self._cancel(token)


def _nothing_runs_there(_token: int) -> None:
    return
