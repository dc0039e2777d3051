"""How many more workers what waits in the queue calls for."""

from __future__ import annotations

import math
import time

from musterq.storage.base import Storage
from musterq.worker.plan import Plan

LASTING_SECONDS = 0.1


class Demand:
    """Judges by the tasks that wait and that workers of a plan could claim.

    Workers that are at work claim within milliseconds whatever they have threads for. So what waits for a tenth of a
    second waits for more workers, unless there is room for it in those that are just starting.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._since: float | None = None  # something has waited since then at every look

    def workers(self, plan: Plan, *, at_work: int, starting: int) -> int:
        """How many workers more there should be."""
        waiting = self._storage.claimable(plan.types, plan.capabilities) - starting * plan.concurrency
        now = time.monotonic()
        if waiting <= 0:
            self._since = None
            return 0
        self._since = now if self._since is None else self._since
        lasts = now - self._since >= LASTING_SECONDS
        return math.ceil(waiting / plan.concurrency) if lasts or not at_work else 0
