"""Giving tasks back whose holder is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from musterq.models import Rescued
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import WorkerAge, worker_ages

ORPHAN_LEASE_SECONDS = 60.0

IsDead = Callable[[WorkerAge], bool]
Begun = Callable[[str], list[int] | None]


def rescue(
    connection: Connection, ids: Sequence[int], reason: str, now: Moment, begun: list[int] | None = None
) -> Rescued:
    """Give these tasks back, whoever holds them. ``begun``, if known, tells exactly which had been started."""
    if not ids:
        return Rescued()
    wanted = {"ids": json.dumps(list(ids)), "now": now.text, "reason": reason}
    if begun is not None:
        connection.run(query("begun_only"), {**wanted, "begun": json.dumps(begun)})
    connection.run(query("rescue_note"), wanted)
    moved = connection.rows(query("rescue"), wanted)
    by_status = {status: tuple(sorted(i for i, s in moved if s == status)) for _, status in moved}
    return Rescued(
        queued=by_status.get("queued", ()), failed=by_status.get("failed", ()), cancelled=by_status.get("cancelled", ())
    )


def rescue_overdue_leases(connection: Connection, now: Moment) -> Rescued:
    """Give back the claims whose own lease is over."""
    return rescue(connection, _ids(connection, "leases_over", now.boot()), "its lease was over", now)


def rescue_worker(connection: Connection, worker_id: str, reason: str, now: Moment, begun: list[int] | None) -> Rescued:
    """Give back what a worker holds under the lease of its heartbeat."""
    return rescue(connection, _ids(connection, "held_by_worker", {"worker": worker_id}), reason, now, begun)


def remove_worker(connection: Connection, worker_id: str, is_dead: IsDead, begun: Begun, now: Moment) -> bool:
    """Forget a worker.

    What it holds comes back at once if it is dead or has no lock that could tell; if it is alive, what it does not
    finish comes back when the lease of its last beat is over.
    """
    worker = next((known for known in worker_ages(connection, now) if known.worker_id == worker_id), None)
    if worker is None:
        return False
    if not worker.has_lock or is_dead(worker):
        held = _ids(connection, "all_held_by_worker", {"worker": worker_id})
        rescue(connection, held, "its worker was removed", now, begun(worker_id) if worker.has_lock else None)
    else:
        _put_under_lease(connection, worker, now)
    return connection.run(query("remove_worker"), {"worker": worker_id}) == 1


def has_something_to_rescue(connection: Connection, is_dead: IsDead, now: Moment) -> bool:
    """Looked at before a write, so that a queue in which all is well takes no write lock."""
    over = connection.row(query("before_claim"), {**now.boot(), "worker": None})[1]
    return bool(over or lost_workers(connection, is_dead, now) or orphans(connection, now))


def rescue_all(connection: Connection, is_dead: IsDead, begun: Begun, now: Moment) -> Rescued:
    """Give back what lost workers, claims whose lease is over, and nobody hold."""
    lost = lost_workers(connection, is_dead, now)
    rescued = [
        rescue_worker(connection, worker.worker_id, reason, now, begun(worker.worker_id) if worker.has_lock else None)
        for worker, reason in lost
    ]
    rescued.append(rescue_overdue_leases(connection, now))
    rescued.append(rescue(connection, orphans(connection, now), "nobody registered held it", now))
    return Rescued(
        queued=tuple(i for part in rescued for i in part.queued),
        failed=tuple(i for part in rescued for i in part.failed),
        cancelled=tuple(i for part in rescued for i in part.cancelled),
    )


def lost_workers(connection: Connection, is_dead: IsDead, now: Moment) -> list[tuple[WorkerAge, str]]:
    """Workers whose beat is the lease of tasks and who are dead or have not beaten for it, with the reason in words."""
    holders = {worker for (worker,) in connection.rows(query("holders"))}
    lost = []
    for worker in worker_ages(connection, now):
        if worker.worker_id not in holders:
            continue
        if is_dead(worker):
            lost.append((worker, "its worker died"))
        elif worker.age_seconds > worker.lease_seconds:
            lost.append((worker, f"its worker had not beaten for {worker.age_seconds:.0f} s"))
    return lost


def orphans(connection: Connection, now: Moment) -> list[int]:
    """Tasks that nobody registered holds, under no lease, for longer than one."""
    return _ids(connection, "orphans", {"since": now.after(-ORPHAN_LEASE_SECONDS)})


def _put_under_lease(connection: Connection, worker: WorkerAge, now: Moment) -> None:
    left = max(0.0, worker.lease_seconds - worker.age_seconds)
    lease = {"lease": now.after(left), "boot_id": now.boot_id, "lease_ms": now.boot_ms_after(left)}
    connection.run(query("lease_of_removed"), {"worker": worker.worker_id, **lease})


def _ids(connection: Connection, name: str, parameters: dict[str, object]) -> list[int]:
    return [task_id for (task_id,) in connection.rows(query(name), parameters)]
