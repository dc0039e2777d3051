"""The checks of workers: each is what is wrong with them, in one respect."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from musterq.models import WorkerActivity
from musterq.monitoring.health.findings import Finding
from musterq.monitoring.health.sight import Sight
from musterq.monitoring.health.thresholds import CRITICAL, WARNING, Thresholds

#: How bad a state is, for who asks about one worker; the others are well.
OF_ONE = {
    "draining": WARNING,
    "late": WARNING,
    "stale": CRITICAL,
    "suspended": CRITICAL,
    "wedged": CRITICAL,
    "lost": CRITICAL,
}


def lost(sight: Sight, _: Thresholds) -> Iterator[Finding]:
    """Workers whose process is certainly dead."""
    return (_of(worker, CRITICAL) for worker in sight.activity if worker.status == "lost")


def suspended(sight: Sight, _: Thresholds) -> Iterator[Finding]:
    """Workers that live and do not beat."""
    return (_of(worker, CRITICAL) for worker in sight.activity if worker.status == "suspended")


def wedged(sight: Sight, _: Thresholds) -> Iterator[Finding]:
    """Workers that beat and get nothing done."""
    return (_of(worker, CRITICAL) for worker in sight.activity if worker.status == "wedged")


def stale(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Workers that have been silent for long, and of which nothing worse is known."""
    for worker in sight.activity:
        severity = thresholds.stale.severity(worker.heartbeat_age_seconds)
        if severity is not None and worker.status not in ("lost", "suspended"):
            yield _of(worker, severity, "stale", f"no beat for {worker.heartbeat_age_seconds:.0f} s")


def late(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Workers without a lock whose beats are missing, though not for long enough to be stale."""
    for worker in sight.activity:
        silent = worker.status in ("late", "stale")
        if silent and thresholds.stale.severity(worker.heartbeat_age_seconds) is None:
            yield _of(worker, WARNING, "late")


def one(worker: WorkerActivity) -> Finding | None:
    """What is wrong with a worker, for who asks about it alone: one that is to end counts, too."""
    severity = OF_ONE.get(worker.status)
    return None if severity is None else _of(worker, severity, worker.status)


def unknown(worker_id: str) -> Finding:
    """A worker that is not on the roll."""
    return Finding(
        severity=CRITICAL,
        check="unknown",
        subject=worker_id,
        what=f"no worker {worker_id} is on the roll: it has not started, has ended, or was removed",
        advice="see who is: musterq workers",
    )


def _of(worker: WorkerActivity, severity: str, check: str | None = None, silent: str | None = None) -> Finding:
    """Its state, or, beside that, how long it has been silent."""
    place = "" if worker.pid is None else f" (process {worker.pid} on {worker.host})"
    check = worker.status if check is None else check
    return Finding(
        severity=severity,
        check=check,
        subject=worker.worker_id,
        what=f"worker {worker.worker_id}{place} is {check}: {silent or worker.status_reason}",
        since_utc=worker.heartbeat_utc if silent else worker.status_since_utc,
        advice=_ADVICE[check].format(id=shlex.quote(worker.worker_id), pid=worker.pid),
    )


_REMOVE = "musterq workers --remove {id}"
_ADVICE = {
    "lost": f"start it again; if it is not to come back: {_REMOVE}",
    "suspended": f"let its process go on or end it (kill -CONT {{pid}}, kill -KILL {{pid}}), or: {_REMOVE}",
    "wedged": f"restart it; if its process does not end: kill -KILL {{pid}}, or: {_REMOVE}",
    "stale": f"look whether its process runs; if it is gone for good: {_REMOVE}",
    "late": "look whether its process runs; it turns stale if no heartbeat comes",
    "draining": "nothing, if it is meant to end; it claims nothing more",
}
