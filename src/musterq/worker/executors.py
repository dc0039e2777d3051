"""The threads and the event loop of a worker, as one: claims go in, each to its place, and outcomes come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from musterq.models import Claim, Outcome
from musterq.worker.event_loop import EventLoop
from musterq.worker.executor import ThreadExecutor


class Executors:
    """Hands claims to the event loop or to the threads, and is asked for both together.

    Each may run as many as the worker runs at once. So a worker that uses both claims nothing ahead: else both could
    be full at the same time.

    Args:
        threads: they run what does not belong on the loop, and gather the outcomes of both.
        loop: it runs coroutines.
        belongs_on_loop: whether a claim does.
    """

    def __init__(self, threads: ThreadExecutor, loop: EventLoop, *, belongs_on_loop: Callable[[Claim], bool]) -> None:
        self._threads = threads
        self._loop = loop
        self._belongs_on_loop = belongs_on_loop

    def offer(self, claims: Sequence[Claim]) -> None:
        """Run these, in this order in each place."""
        on_loop = [claim for claim in claims if self._belongs_on_loop(claim)]
        if on_loop:
            tokens = {claim.claim_token for claim in on_loop}
            self._loop.offer(on_loop)
            claims = [claim for claim in claims if claim.claim_token not in tokens]
        self._threads.offer(claims)

    def call_idle_threads(self) -> None:
        """Wake as many sleeping threads as there are claims that nobody runs."""
        self._threads.call_idle_threads()

    @property
    def running(self) -> list[Claim]:
        """The claims that have begun; some may have finished by now."""
        return self._threads.running + self._loop.running

    def take_finished(self) -> list[Outcome]:
        """The outcomes since the last time."""
        return self._threads.take_finished()

    def take_unstarted(self) -> list[Claim]:
        """The claims that have not begun; none will."""
        return self._threads.take_unstarted() + self._loop.take_unstarted()

    def give_back(self, timeout: float) -> None:
        """End what can be ended, whose outcome is that it is given back; waits up to ``timeout`` seconds for that."""
        self._loop.give_back(timeout)

    def take_excess(self) -> list[Claim]:
        """Those of them that wait for others to end."""
        return self._threads.take_excess() + self._loop.take_excess()

    def oldest_offer(self) -> float | None:
        """The monotonic time of the offer of the claim that waits longest; None: none waits."""
        offers = (self._threads.oldest_offer(), self._loop.oldest_offer())
        return min((offer for offer in offers if offer is not None), default=None)

    def call_on_finish(self, wake: Callable[[], None], *, stock: int) -> bool:
        """Call ``wake`` once, at the next finish; see `ThreadExecutor.call_on_finish`."""
        return self._threads.call_on_finish(wake, stock=stock, waiting=self._loop.waiting)

    def call_nobody(self) -> None:
        """Take `call_on_finish` back."""
        self._threads.call_nobody()
