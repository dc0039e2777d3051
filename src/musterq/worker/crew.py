"""The worker processes of a supervisor: who runs in which place, who died, and who is slow to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from musterq.checks import check_worker_id
from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.models import WorkerActivity
from musterq.storage.base import Storage
from musterq.worker.places import Place
from musterq.worker.worker_process import End, WorkerProcess

KILL_SECONDS = 5.0  # beyond the grace time
RETRY_SECONDS = 1.0

_Answer = TypeVar("_Answer")


class Crew:
    """Starts and buries workers.

    Args:
        storage: Their queue, which is told how they died.
        name: What their ids begin with; the number of the place follows.
        most: How many there are at most; one more place is for a successor.
        start: Starts one, given its id and whether it may end when it has nothing to do.
        events: Where to tell what happens.

    Raises:
        ValueError: the ids would be too long.
    """

    def __init__(
        self, storage: Storage, name: str, most: int, *, start: Callable[[str, bool], WorkerProcess], events: Events
    ) -> None:
        self._storage = storage
        self._places = [Place(check_worker_id(f"{name}-{number}")) for number in range(1, most + 2)]
        self._start = start
        self._events = events

    def __iter__(self) -> Iterator[tuple[Place, WorkerProcess]]:
        """Those that run."""
        return iter([(place, place.process) for place in self._places if place.process is not None])

    def __len__(self) -> int:
        """How many run."""
        return sum(place.process is not None for place in self._places)

    @property
    def starting(self) -> int:
        """How many run, and are not at work yet."""
        return sum(not place.is_registered for place, _ in self)

    @property
    def taken(self) -> int:
        """How many run, or are to run again after a rest."""
        return sum(place.is_taken for place in self._places)

    @property
    def next_start(self) -> float:
        """The monotonic time at which the first rest is over."""
        resting = (place.rests_until for place in self._places if place.is_taken and place.process is None)
        return min(resting, default=float("inf"))

    def start(self, *, is_surplus: bool) -> tuple[Place, WorkerProcess]:
        """A new worker, in the place that was empty last: so a place that had deaths goes on counting them.

        Raises:
            ChildProcessError: the system cannot start one now.
        """
        empty = [place for place in self._places if place.process is None]
        rested = [place for place in empty if not place.is_taken]
        place = max(rested or empty, key=lambda place: place.rests_until)
        try:
            process = self._start(place.worker_id, is_surplus)
        except OSError as error:  # of memory or processes there are no more
            rest = place.rest(ran_seconds=0.0)
            self._events.emit("service.failed", service="supervisor", error=error, retry_in_seconds=rest)
            raise ChildProcessError(f"the new worker {place.worker_id} could not be started: {error}") from error
        place.fill(process, is_surplus=is_surplus)
        self._events.emit("process.started", worker_id=place.worker_id, pid=process.pid)
        return place, process

    def bury(self) -> None:
        """Note who has ended, and how."""
        for place, process in self:
            if (end := process.ended()) is not None:
                self._bury(place, process, end)

    def see_who_is_at_work(self) -> None:
        """Note who has registered by now."""
        if not self.starting:
            return
        nobody: list[WorkerActivity] = []
        activity = self.ask(self._storage.worker_activity, nobody)
        at_work = {(worker.worker_id, worker.pid) for worker in activity if worker.status not in ("starting", "lost")}
        for place, process in self:
            place.is_registered = place.is_registered or (place.worker_id, process.pid) in at_work

    def ask_to_stop(self, *, at_once: bool) -> None:
        """All of them; ``at_once``: they give back what runs."""
        for _, process in self:
            process.ask_to_stop(at_once=at_once)

    def kill_overdue(self, grace: float) -> None:
        """End by force whoever was asked to stop and did not, for longer than the grace time and a little."""
        for place, process in self:
            if process.seconds_over(grace) > KILL_SECONDS and not process.is_killed:
                self._events.emit("process.killed", worker_id=place.worker_id, pid=process.pid)
                process.kill()

    def ask(self, ask: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        """What the database answers; a fault is told, and looked past."""
        try:
            return ask()
        except QueueDatabaseError as error:
            self._events.emit("service.failed", service="supervisor", error=error, retry_in_seconds=RETRY_SECONDS)
            return otherwise

    def _bury(self, place: Place, process: WorkerProcess, end: End) -> None:
        if end.exit_code:
            self.ask(lambda: self._storage.note_death(place.worker_id, end.words), 0)
        facts = {"worker_id": place.worker_id, "pid": process.pid, "how": end.words, "peak_bytes": end.peak_bytes}
        if process.asked_at is not None or (end.exit_code == 0 and place.is_surplus):
            place.empty()
            self._events.emit("process.ended", **facts)
        else:
            rest = place.rest(time.monotonic() - process.started_at)
            self._events.emit("process.died", **facts, restart_in_seconds=rest)
