"""What a worker is doing, in one word."""

from __future__ import annotations

from musterq.models import ACTIVE_SECONDS, STALE_SECONDS
from musterq.storage.sqlite.workers import WorkerAge


def state_of(worker: WorkerAge, *, dead: bool, tasks_in_flight: int) -> str:
    """Judge a worker.

    `lost`: its process is dead. `suspended`: alive, but its beats are missing. `stale` and `late`: no lock tells, and
    its beats are missing for long, or for a while. Else what it said last, or `busy` and `idle` by what it holds.
    """
    if dead:
        return "lost"
    if worker.age_seconds > ACTIVE_SECONDS:
        if worker.has_lock:
            return "suspended"
        return "stale" if worker.age_seconds > STALE_SECONDS else "late"
    if worker.has_lock and worker.state in ("starting", "draining"):
        return worker.state
    return "busy" if tasks_in_flight else "idle"
