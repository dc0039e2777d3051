"""What a worker process knows of itself: whether it works, rests, leaves, or is stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from musterq.clock import Clock
from musterq.records import Pulse
from musterq.worker.stopping import StopRequest

STUCK_BEATS = 3


class Loop(Protocol):
    """The claim loop, as seen from outside."""

    @property
    def held(self) -> int:
        """How many tasks are claimed and not finished."""

    @property
    def moves(self) -> int:
        """How often it has gone round."""

    @property
    def resting(self) -> bool:
        """Whether it sleeps, for a bounded time, until there is something to do."""


class Health:
    """Says how the worker is, at each beat.

    ``wedged``: the claim loop has stood still within its work for some beats (in a statement of the database, in a
    subscriber of events), so that nothing is claimed or written; or a task is over its time limit and does not end.

    Args:
        loop: The claim loop.
        stop: Whether the worker is to end.
        clock: By which it says since when.
        overdue: A task that is over its time limit and does not end, in words; None: there is none.
    """

    def __init__(self, loop: Loop, stop: StopRequest, clock: Clock, *, overdue: Callable[[], str | None]) -> None:
        self._loop = loop
        self._stop = stop
        self._clock = clock
        self._overdue = overdue
        self._moves = -1
        self._stuck_beats = 0
        self._state = ""
        self._since = 0.0

    @property
    def is_wedged(self) -> bool:
        """Whether it was stuck at the last beat."""
        return self._state == "wedged"

    def pulse(self) -> Pulse:
        """How it is now; asked once for each beat."""
        self._look_at_loop()
        state, reason = self._judge()
        if state != self._state:
            self._state, self._since = state, self._clock.time()
        return Pulse(state=state, reason=reason, since=self._since)

    def _look_at_loop(self) -> None:
        moves = self._loop.moves
        self._stuck_beats = 0 if moves != self._moves or self._loop.resting else self._stuck_beats + 1
        self._moves = moves

    def _judge(self) -> tuple[str, str]:
        held = self._loop.held
        if self._stop.reason is not None:
            return "draining", f"it is to end ({self._stop.reason}) and claims nothing more"
        if self._stuck_beats >= STUCK_BEATS:
            return "wedged", f"its claim loop has not moved for {self._stuck_beats} beats"
        if (overdue := self._overdue()) is not None:
            return "wedged", overdue
        return ("busy", f"it holds {held} task{'' if held == 1 else 's'}") if held else ("idle", "it holds no task")
