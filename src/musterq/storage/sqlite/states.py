"""What a worker is doing: in one word, with the reason in words, and since when. Every reader asks here."""

from __future__ import annotations

from typing import NamedTuple

from musterq.models import ACTIVE_SECONDS, STALE_SECONDS
from musterq.storage.sqlite.workers import WorkerAge

MISSED_BEATS = 3
LEAST_SILENCE_SECONDS = 3.0  # a busy machine may delay three beats that come fast
_SAID = ("starting", "draining", "wedged")  # what a process knows of itself better than the database


class State(NamedTuple):
    """A word, the reason in words, and since when (text, UTC)."""

    status: str
    reason: str
    since_utc: str


class Held(NamedTuple):
    """How many tasks a worker holds, and since when the oldest."""

    tasks: int = 0
    since_utc: str | None = None


def state_of(worker: WorkerAge, *, dead: bool, held: Held) -> State:
    """Judge a worker.

    `lost`: its process is dead. `suspended`: alive, but its beats are missing. `stale` and `late`: no lock tells, and
    its beats are missing for long, or for a while. Else what it said last, or `busy` and `idle` by what it holds.
    """
    if dead:
        return _lost(worker)
    if worker.has_lock and worker.age_seconds > longest_silence(worker):
        reason = _no_beat(worker, "its process lives, but is stopped or starved")
        return State("suspended", reason, worker.heartbeat_utc)
    if worker.age_seconds > ACTIVE_SECONDS and not worker.has_lock:
        status = "stale" if worker.age_seconds > STALE_SECONDS else "late"
        return State(status, _no_beat(worker, "it has no liveness lock that could tell more"), worker.heartbeat_utc)
    if worker.has_lock and worker.state in _SAID:
        return State(worker.state, worker.state_reason or worker.state, worker.state_since_utc or worker.heartbeat_utc)
    return _at_work(worker, held)


def longest_silence(worker: WorkerAge) -> float:
    """After how many seconds without a beat a process that lives counts as suspended."""
    if worker.beat_seconds is None:
        return ACTIVE_SECONDS
    return max(MISSED_BEATS * worker.beat_seconds, LEAST_SILENCE_SECONDS)


def _lost(worker: WorkerAge) -> State:
    reason = worker.lost_reason or "its process is dead: its liveness lock is free"
    return State("lost", reason, worker.lost_at_utc or worker.heartbeat_utc)


def _no_beat(worker: WorkerAge, known: str) -> str:
    return f"no beat for {worker.age_seconds:.0f} s; {known}"


def _at_work(worker: WorkerAge, held: Held) -> State:
    if held.tasks:
        reason = f"it holds {held.tasks} task{'' if held.tasks == 1 else 's'}"
        return State("busy", reason, held.since_utc or worker.heartbeat_utc)
    told = worker.state_since_utc if worker.state == "idle" else None  # else it is idle since its last beat, or later
    return State("idle", "it holds no task", told or worker.heartbeat_utc)
