"""The event loop of a worker: runs claims whose handlers are coroutines, many at a time in one thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from itertools import repeat
from typing import Any

from musterq.models import Claim, Outcome
from musterq.queue.current import Notices
from musterq.worker.executor import not_run, take_all

LOOK_SECONDS = 0.005


class EventLoop:
    """Runs up to ``limit`` coroutines at once; its thread begins with the first.

    Args:
        run: what runs a claim, and says how it ended.
        limit: how many at once.
        begin: called with a slot and the token of the claim that begins there, and with 0 when it has ended.
        first_slot: the first of ``limit`` slots.
        finish: called with each outcome, and how many claims wait, in the loop's thread.
        notices: where it says which coroutines it ends to give their tasks back.
    """

    def __init__(
        self,
        run: Callable[[Claim], Coroutine[Any, Any, Outcome]],
        limit: int,
        *,
        begin: Callable[[int, int], None],
        first_slot: int,
        finish: Callable[[Outcome, int], None],
        notices: Notices,
    ) -> None:
        self._run = run
        self._begin = begin
        self._finish = finish
        self._notices = notices
        self._slots = list(range(first_slot, first_slot + limit))  # those that are free
        self._ready: deque[tuple[Claim, float]] = deque()  # with the monotonic time of the offer
        self._running: dict[int, tuple[Claim, asyncio.Task[Outcome]]] = {}  # by claim token
        self._thread = threading.Thread(target=self._serve, name="musterq-loop", daemon=True)
        self._opened = threading.Event()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop

    def offer(self, claims: Sequence[Claim]) -> None:
        """Let the loop run these, in this order. One thread offers, and takes back."""
        if not claims:
            return
        if self._thread.ident is None:
            self._thread.start()
            self._opened.wait()
        self._ready.extend(zip(claims, repeat(time.monotonic()), strict=False))
        self._loop.call_soon_threadsafe(self._begin_ready)

    def cancel(self, token: int) -> None:
        """Cancel the coroutine that runs a claim, if it still runs; any thread may ask for it."""
        if token in self._running:
            self._loop.call_soon_threadsafe(self._cancel, token)

    def give_back(self, timeout: float) -> None:
        """Cancel what runs, whose outcome then is that it is given back; waits up to ``timeout`` seconds for that."""
        for claim in self.running:
            self._notices.given_back.add(claim.claim_token)
            self.cancel(claim.claim_token)
        deadline = time.monotonic() + timeout
        while self._running and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)

    def close(self, timeout: float = 0.0) -> bool:
        """Cancel what runs, and end; waits up to ``timeout`` seconds. False: a coroutine does not end."""
        if self._thread.ident is None:
            return True
        if not self._closing:
            self._closing = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def running(self) -> list[Claim]:
        """The claims that have begun and not ended."""
        return [claim for claim, _ in list(self._running.values())]

    @property
    def waiting(self) -> int:
        """How many claims have not begun."""
        return len(self._ready)

    def take_unstarted(self) -> list[Claim]:
        """The claims that have not begun; they will not."""
        return [claim for claim, _ in take_all(self._ready)]

    def take_excess(self) -> list[Claim]:
        """Those of them for which there is no room now, if any."""
        return [] if self._slots else self.take_unstarted()

    def oldest_offer(self) -> float | None:
        """The monotonic time of the offer of the claim that waits longest; None: none waits."""
        try:
            return self._ready[0][1]
        except IndexError:
            return None

    def _serve(self) -> None:
        with asyncio.Runner() as runner:  # which cancels at its end what still runs, and waits for it
            self._loop = runner.get_loop()
            self._opened.set()
            while not self._closing:
                try:
                    self._loop.run_forever()
                except (KeyboardInterrupt, SystemExit):  # of a coroutine that a handler started: asyncio lets it out
                    continue

    def _begin_ready(self) -> None:
        while self._slots and not self._closing:
            try:
                claim, _ = self._ready.popleft()
            except IndexError:
                return
            slot = self._slots.pop()
            self._begin(slot, claim.claim_token)
            task = self._loop.create_task(self._outcome(claim), context=Context())  # not that of who makes room
            self._running[claim.claim_token] = claim, task
            task.add_done_callback(partial(self._end, claim, slot))

    async def _outcome(self, claim: Claim) -> Outcome:
        try:
            return await self._run(claim)
        except BaseException as error:  # noqa: BLE001  # the claim must not be forgotten
            return not_run(claim, error)

    def _end(self, claim: Claim, slot: int, task: asyncio.Task[Outcome]) -> None:
        """Also where none of its code has run: a handler may cancel all that is on the loop."""
        outcome = not_run(claim, asyncio.CancelledError()) if task.cancelled() else task.result()
        del self._running[claim.claim_token]
        self._begin(slot, 0)
        self._slots.append(slot)
        self._finish(outcome, len(self._ready))
        self._begin_ready()

    def _cancel(self, token: int) -> None:
        if token in self._running:
            self._running[token][1].cancel()
