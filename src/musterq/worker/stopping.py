"""Whether a worker is to stop, and how soon."""

from __future__ import annotations

from collections.abc import Callable


class StopRequest:
    """Set once and never taken back, by any thread and any signal handler; read by the claim loop.

    Attributes:
        reason: who asked: ``asked``, ``removed``, ``drained`` or ``idle``; None: nobody yet.
        at_once: give back what still runs without waiting for it.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.at_once = False
        self._wakers: tuple[Callable[[], None], ...] = ()

    def ask(self, reason: str, *, at_once: bool = False) -> None:
        """Claim nothing more, finish what runs, and end; the first reason stays."""
        self.reason = self.reason or reason
        self.at_once = self.at_once or at_once
        for wake in self._wakers:
            wake()

    def call(self, *wakers: Callable[[], None]) -> None:
        """Have these called at every request, and no others: they wake whoever sleeps and must look at it."""
        self._wakers = wakers
