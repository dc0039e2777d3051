"""A queue to which everything has happened once that can be measured."""

from __future__ import annotations

from datetime import timedelta

from musterq.models import Claim, ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.observations import Expectation
from musterq.records import Schedule
from musterq.storage.base import Storage
from tests.support import MovableClock

WORKER = "worker-01"


class Everything:
    """Lets it happen."""

    def __init__(self, storage: Storage, clock: MovableClock) -> None:
        self._storage = storage
        self._clock = clock

    def happen(self) -> None:
        """All of it; a ``mail`` is left that has waited for 90 seconds, and two of ``video`` that nobody can take."""
        self._storage.register(WORKER, "{}")
        self._ends()
        self._put("expiring", expires_at=self._clock.now() + timedelta(seconds=5))
        self._takes_from_others()
        self._clock.advance(10)
        self._storage.expire(10)
        self._expects()
        for _ in range(2):
            self._put("video", compatibility='{"gpu": true}')
        self._put("mail")
        self._storage.pause("report")
        self._clock.advance(90)
        self._storage.heartbeat(WORKER)

    def _ends(self) -> None:
        """Completed after two seconds of waiting and four of running; failed, cancelled, retried, given back."""
        self._put("mail")
        self._clock.advance(2)
        claim = self._take("mail")
        began = self._clock.time()
        self._clock.advance(4)
        self._end(claim, TaskStatus.COMPLETED, started_at=began, finished_at=self._clock.time())
        for status in (TaskStatus.FAILED, TaskStatus.QUEUED):
            self._put(f"{status}")
            self._end(self._take(f"{status}"), status, error="no")
        self._storage.cancel(self._put("cancelled"))
        self._put("retried")
        self._end(self._take("retried"), TaskStatus.SCHEDULED, error="no", retry_in_seconds=10_000.0)

    def _takes_from_others(self) -> None:
        """A lease is over, the finish comes too late, and the process of the next one dies."""
        self._put("slow")
        claim = self._take("slow", lease_seconds=1)
        self._clock.advance(2)
        self._storage.rescue_expired()
        self._end(claim, TaskStatus.COMPLETED)
        self._storage.register("dead", "{}")
        self._put("deadly")
        self._take("deadly", worker="dead")
        self._storage.remove_worker("dead")

    def _expects(self) -> None:
        """Two workers more than there are, and ticks."""
        self._storage.expect_workers(Expectation(name="images", count=3))
        due = self._clock.now() + timedelta(seconds=60)
        for name in ("nightly", "weekly"):
            self._storage.save_schedule(
                Schedule(
                    name=name,
                    type="report",
                    timing="every 60",
                    timezone="UTC",
                    catch_up="latest",
                    task="{}",
                    next_at=due,
                )
            )
        self._storage.pause_schedule("weekly")

    def _put(self, type: str, **options: object) -> int:
        return self._storage.enqueue([NewTask(type=type, payload="{}", **options)])[0].id  # type: ignore[arg-type]

    def _take(self, type: str, worker: str = WORKER, **wish: object) -> Claim:
        request = ClaimRequest(worker_id=worker, types=frozenset([type]), **wish)  # type: ignore[arg-type]
        (claim,) = self._storage.claim(request)
        return claim

    def _end(self, claim: Claim, status: TaskStatus, **facts: object) -> None:
        self._storage.finish([Outcome(claim=claim, status=status, **facts)])  # type: ignore[arg-type]
