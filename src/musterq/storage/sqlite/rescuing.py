"""Giving tasks back whose holder is gone, and writing down from whom they were taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import sample
from typing import NamedTuple

from musterq.models import LostWorker, Rescued
from musterq.storage.sqlite import ledger
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.tallies import Tallies
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import WorkerAge, worker_ages

ORPHAN_LEASE_SECONDS = 60.0
IDLE_LOOKED_AT = 32  # of those who hold nothing, so that many workers do not test each other all the time

IsDead = Callable[[WorkerAge], bool]
Begun = Callable[[str], list[int] | None]


class Cause(NamedTuple):
    """Why tasks are taken back: the word of the ledger, and the words of the attempt that ends."""

    reason: str
    words: str


LEASE_OVER = Cause("lease over", "its lease was over")
LOCK_FREE = Cause("lock free", "its worker died")
REMOVED = Cause("removed", "its worker was removed")
ORPHAN = Cause("orphan", "nobody registered held it")


class Found(NamedTuple):
    """What a look found that must be written."""

    workers: frozenset[str]  # dead, or silent for their lease
    leases_over: bool
    orphans: bool


def rescue(
    connection: Connection, ids: Sequence[int], cause: Cause, now: Moment, begun: list[int] | None = None
) -> Rescued:
    """Give these tasks back, whoever holds them. ``begun``, if known, tells exactly which had been started."""
    if not ids:
        return Rescued()
    wanted = {"ids": json.dumps(list(ids)), "now": now.text}
    if begun is not None:
        _take_as_begun(connection, {**wanted, "begun": json.dumps(begun)}, now)
    connection.run(query("rescue_note"), {**wanted, "words": cause.words})
    moved = connection.rows(query("rescue"), wanted)
    ledger.note_rescued(connection, [task_id for task_id, _ in moved], cause.reason, now)
    by_status = {status: tuple(sorted(i for i, s in moved if s == status)) for _, status in moved}
    return Rescued(
        queued=by_status.get("queued", ()), failed=by_status.get("failed", ()), cancelled=by_status.get("cancelled", ())
    )


def _take_as_begun(connection: Connection, known: dict[str, str], now: Moment) -> None:
    """Exactly these had been started, whether their worker came to tell it or not."""
    tallies = Tallies()
    for type, waited_ms in connection.rows(query("begun_untold"), known):
        tallies.time(type, "started", waited_ms)
    tallies.write(connection, now.text)
    connection.run(query("begun_only"), known)


def rescue_overdue_leases(connection: Connection, now: Moment) -> Rescued:
    """Give back the claims whose own lease is over."""
    return rescue(connection, _ids(connection, "leases_over", now.boot()), LEASE_OVER, now)


def rescue_forerunner(connection: Connection, worker_id: str, now: Moment, begun: list[int] | None) -> None:
    """Give back what an earlier process of this id holds, which is certainly dead."""
    rescue(connection, _ids(connection, "held_by_forerunner", {"worker": worker_id}), LOCK_FREE, now, begun)


def remove_worker(connection: Connection, worker_id: str, is_dead: IsDead, begun: Begun, now: Moment) -> bool:
    """Forget a worker.

    What it holds comes back at once if it is dead or has no lock that could tell; if it is alive, what it does not
    finish comes back when the lease of its last beat is over.
    """
    worker = next((known for known in worker_ages(connection, now) if known.worker_id == worker_id), None)
    return worker is not None and _remove(connection, worker, is_dead, begun, now)


def remove_stale(connection: Connection, seconds: float, is_dead: IsDead, begun: Begun, now: Moment) -> list[str]:
    """Forget the workers whose beat is older than this; their ids."""
    stale = [worker for worker in worker_ages(connection, now) if worker.age_seconds > seconds]
    return [worker.worker_id for worker in stale if _remove(connection, worker, is_dead, begun, now)]


def look(connection: Connection, is_dead: IsDead, now: Moment) -> Found | None:
    """Looked at before a write, so that a queue in which all is well takes no write lock; None: all is well."""
    over = connection.row(query("before_claim"), {**now.boot(), "worker": None})[1]
    found = Found(_lost_ids(connection, is_dead, now), bool(over), bool(_orphans(connection, now)))
    return found if any(found) else None


def rescue_all(connection: Connection, found: Found, is_dead: IsDead, begun: Begun, now: Moment) -> Rescued:
    """Give back what was found, as far as it is still so."""
    parts = []
    lost = []
    for worker in worker_ages(connection, now):
        if worker.worker_id in found.workers and (cause := _cause(worker, is_dead)) is not None:
            parts.append(_rescue_worker(connection, worker, cause, begun, now))
            tasks = _tasks(parts[-1])
            if tasks or (cause is LOCK_FREE and worker.lost_at_utc is None):  # else somebody was faster, and told it
                lost.append(LostWorker(worker_id=worker.worker_id, reason=cause.reason, tasks=tasks))
    if found.leases_over:
        parts.append(rescue_overdue_leases(connection, now))
    if found.orphans:
        parts.append(rescue(connection, _orphans(connection, now), ORPHAN, now))
    return Rescued(
        queued=tuple(i for part in parts for i in part.queued),
        failed=tuple(i for part in parts for i in part.failed),
        cancelled=tuple(i for part in parts for i in part.cancelled),
        lost=tuple(lost),
    )


def _remove(connection: Connection, worker: WorkerAge, is_dead: IsDead, begun: Begun, now: Moment) -> bool:
    dead = is_dead(worker)
    if dead:
        _mark_lost(connection, worker, now)  # whoever asks later who went last is told that
    if dead or not worker.has_lock:
        held = _ids(connection, "all_held_by_worker", {"worker": worker.worker_id})
        rescue(connection, held, REMOVED, now, begun(worker.worker_id) if worker.has_lock else None)
    else:
        _put_under_lease(connection, worker, now)
    return connection.run(query("remove_worker"), {"worker": worker.worker_id}) == 1


def _rescue_worker(connection: Connection, worker: WorkerAge, cause: Cause, begun: Begun, now: Moment) -> Rescued:
    held = _ids(connection, "held_by_worker", {"worker": worker.worker_id})
    rescued = rescue(connection, held, cause, now, begun(worker.worker_id) if worker.has_lock else None)
    if cause is LOCK_FREE:
        _mark_lost(connection, worker, now)
    return rescued


def _mark_lost(connection: Connection, worker: WorkerAge, now: Moment) -> None:
    reason = "its process died: its liveness lock is free"
    connection.run(query("mark_lost"), {"worker": worker.worker_id, "now": now.text, "reason": reason})


def _lost_ids(connection: Connection, is_dead: IsDead, now: Moment) -> frozenset[str]:
    """Who is dead and holds tasks or is not marked yet, or holds tasks and has not beaten for its lease."""
    holders = {worker for (worker,) in connection.rows(query("holders"))}
    seen = worker_ages(connection, now)
    unmarked = [w for w in seen if w.worker_id not in holders and w.has_lock and w.lost_at_utc is None]
    some = unmarked if len(unmarked) <= IDLE_LOOKED_AT else sample(unmarked, IDLE_LOOKED_AT)
    silent = [w for w in seen if w.worker_id in holders and _cause(w, is_dead) is not None]
    return frozenset(w.worker_id for w in silent) | {w.worker_id for w in some if is_dead(w)}


def _cause(worker: WorkerAge, is_dead: IsDead) -> Cause | None:
    if is_dead(worker):
        return LOCK_FREE
    if worker.age_seconds > worker.lease_seconds:
        return Cause("heartbeat too old", f"its worker had not beaten for {worker.age_seconds:.0f} s")
    return None


def _tasks(rescued: Rescued) -> tuple[int, ...]:
    return tuple(sorted(rescued.queued + rescued.failed + rescued.cancelled))


def _orphans(connection: Connection, now: Moment) -> list[int]:
    """Tasks that nobody registered holds, under no lease, for longer than one."""
    return _ids(connection, "orphans", {"since": now.after(-ORPHAN_LEASE_SECONDS)})


def _put_under_lease(connection: Connection, worker: WorkerAge, now: Moment) -> None:
    left = max(0.0, worker.lease_seconds - worker.age_seconds)
    lease = {"lease": now.after(left), "boot_id": now.boot_id, "lease_ms": now.boot_ms_after(left)}
    connection.run(query("lease_of_removed"), {"worker": worker.worker_id, **lease})


def _ids(connection: Connection, name: str, parameters: dict[str, object]) -> list[int]:
    return [task_id for (task_id,) in connection.rows(query(name), parameters)]
