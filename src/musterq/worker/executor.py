"""Threads that run claims."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from queue import SimpleQueue
from typing import TypeVar

from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue.failures import error_text, error_type, traceback_text

FIRST_THREADS = 8

_Item = TypeVar("_Item")


class ThreadExecutor:
    """Runs claims in N threads; outcomes gather until they are taken.

    Made so that a tiny task costs no lock and no system call: threads help themselves from one deque and
    put into another, both atomic, and sleep only when there is nothing left. One thread offers and takes.
    """

    def __init__(
        self,
        run: Callable[[Claim], Outcome],
        threads: int,
        *,
        begin: Callable[[int, int], None],
        end: Callable[[], None] = lambda: None,
        name: str = "musterq-task",
    ) -> None:
        self._run = run
        self._begin = begin  # called with the number of a thread and the token of the claim that it begins
        self._end = end  # called by each thread when it ends
        self._ready: deque[tuple[Claim, float]] = deque()  # with the monotonic time of the offer
        self._finished: deque[Outcome] = deque()
        self._idle: deque[None] = deque()  # a mark for each thread that sleeps, or is about to
        self._calls: SimpleQueue[bool] = SimpleQueue()  # one wakes one thread; False ends it
        self._called: deque[None] = deque()  # a mark for each thread that was woken and does not run yet
        self._on_finish: Callable[[], None] | None = None
        self._stock = 0
        self._last: list[Claim | None] = [None] * threads  # what each thread took last
        self._threads: list[threading.Thread] = []
        self._unstarted = deque(
            threading.Thread(target=self._work, args=(number,), name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        )

    def start(self) -> None:
        """Start some threads; the others begin when they are first needed, which is never where coroutines are run."""
        self._start_threads(FIRST_THREADS)

    def close(self, timeout: float = 0.0) -> bool:
        """End the threads that have nothing to do; waits up to ``timeout`` seconds. False: some still run a task."""
        for _ in self._threads:
            self._calls.put(False)  # noqa: FBT003  # the call's whole content
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def offer(self, claims: Sequence[Claim]) -> None:
        """Let the threads run these, in this order."""
        self._ready.extend(zip(claims, repeat(time.monotonic()), strict=False))
        if self._unstarted:
            self._start_threads(len(self._ready) - len(self._idle))
        self.call_idle_threads()

    def call_idle_threads(self) -> None:
        """Wake as many sleeping threads as there are claims that nobody runs."""
        for _ in range(len(self._ready)):
            try:
                self._idle.pop()
            except IndexError:
                return
            self._called.append(None)
            self._calls.put(True)  # noqa: FBT003  # the call's whole content

    @property
    def running(self) -> list[Claim]:
        """The claims that threads have begun; some may have finished by now."""
        return [claim for claim in self._last if claim is not None]

    def take_finished(self) -> list[Outcome]:
        """The outcomes since the last time."""
        return take_all(self._finished)

    def take_unstarted(self) -> list[Claim]:
        """The claims that no thread has begun; none will."""
        return [claim for claim, _ in take_all(self._ready)]

    def take_excess(self) -> list[Claim]:
        """Those of them for which no thread has been woken, the last ones first: every thread is busy."""
        taken: list[Claim] = []
        try:
            while len(self._ready) > len(self._called):  # a woken thread may wait long for the interpreter
                taken.append(self._ready.pop()[0])
        except IndexError:  # a thread was faster
            return taken
        return taken

    def oldest_offer(self) -> float | None:
        """The monotonic time of the offer of the claim that waits longest for a thread; None: none waits."""
        try:
            return self._ready[0][1]
        except IndexError:
            return None

    def finish(self, outcome: Outcome, waiting: int) -> None:
        """Take an outcome from elsewhere, where so many claims wait, as if a thread had finished it."""
        self._finished.append(outcome)
        wake = self._on_finish
        if wake is not None and len(self._ready) + waiting <= self._stock:
            self._on_finish = None
            wake()

    def call_on_finish(self, wake: Callable[[], None], *, stock: int, waiting: int = 0) -> bool:
        """Call ``wake`` once, at the next finish. False: something is finished already, and it will not be called.

        While more claims than ``stock`` wait for a thread, and elsewhere (``waiting``), there is no hurry: outcomes
        gather, and nobody is called.
        """
        self._stock = stock
        self._on_finish = wake
        if self._finished and len(self._ready) + waiting <= stock:
            self._on_finish = None
            return False
        return True

    def call_nobody(self) -> None:
        """Take `call_on_finish` back."""
        self._on_finish = None

    def _start_threads(self, count: int) -> None:
        for _ in range(min(count, len(self._unstarted))):
            self._threads.append(self._unstarted.popleft())
            self._threads[-1].start()

    def _work(self, number: int) -> None:
        while (claim := self._next()) is not None:
            self._last[number] = claim
            self._begin(number, claim.claim_token)
            self._finished.append(self._outcome(claim))
            wake = self._on_finish
            if wake is not None and len(self._ready) <= self._stock:
                self._on_finish = None
                wake()
        self._end()

    def _outcome(self, claim: Claim) -> Outcome:
        try:
            return self._run(claim)
        except BaseException as error:  # noqa: BLE001  # a thread that ends takes its share of the work with it
            return not_run(claim, error)

    def _next(self) -> Claim | None:
        while True:
            try:
                return self._ready.popleft()[0]
            except IndexError:
                if not self._sleep():
                    return None

    def _sleep(self) -> bool:
        self._idle.append(None)
        if self._ready and self._unmark():  # offered before the mark stood there
            return True
        return self._calls.get() and self._wake_up()

    def _wake_up(self) -> bool:
        self._called.pop()
        return True

    def _unmark(self) -> bool:
        try:
            self._idle.pop()
        except IndexError:
            return False  # a call is on its way to this thread
        return True


def not_run(claim: Claim, error: BaseException) -> Outcome:
    """The outcome where what runs claims has failed by itself."""
    said = f"the worker could not run it: {error_text(error)}"
    return Outcome(
        claim=claim,
        status=TaskStatus.SCHEDULED,
        error=said,
        error_type=error_type(error),
        traceback=traceback_text(error, __file__),
    )


def take_all(items: deque[_Item]) -> list[_Item]:
    """What is in there; others may put more in meanwhile."""
    taken: list[_Item] = []
    try:
        while True:
            taken.append(items.popleft())
    except IndexError:
        return taken
