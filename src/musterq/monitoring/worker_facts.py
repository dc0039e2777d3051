"""What the workers run on, how they are set up, and whether their clocks agree with ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from musterq.clock import text_to_datetime
from musterq.models import WorkerActivity
from musterq.upkeep import Fact

OFF_SECONDS = 2.0
_NAMED = 5


def facts(workers: Sequence[WorkerActivity], version: str, now: datetime) -> Iterator[Fact]:
    """Of those who are worker processes and not known to be dead."""
    alive = [worker for worker in workers if worker.started_at_utc is not None and worker.status != "lost"]
    yield _versions(alive, version)
    yield _engines(alive)
    yield _settings(alive)
    yield _clocks(workers, now)


def _versions(workers: Sequence[WorkerActivity], ours: str) -> Fact:
    found = Counter(worker.version or "unknown" for worker in workers)
    text = f"{_counted(found, 'musterq')} at work" if found else "no worker process is at work"
    differ = bool(found.keys() - {ours})
    return Fact(
        section="workers",
        fact="worker_versions",
        verdict="warning" if differ else "ok",
        value=dict(found),
        text=f"{text}; here it is musterq {ours}" if differ else text,
        advice="let them all run the same version of musterq: restart those of an older one" if differ else None,
    )


def _engines(workers: Sequence[WorkerActivity]) -> Fact:
    found = Counter(worker.sqlite for worker in workers if worker.sqlite is not None)
    pythons = Counter(worker.python for worker in workers if worker.python is not None)
    value = {"sqlite": dict(found), "python": dict(pythons)}
    if not found:
        return Fact(section="workers", fact="worker_engines", value=value, text="no worker tells what it runs on")
    differ = len(found) > 1
    return Fact(
        section="workers",
        fact="worker_engines",
        verdict="warning" if differ else "ok",
        value=value,
        text=f"{_counted(found, 'SQLite')}, {_counted(pythons, 'Python')}",
        advice="let all of them use one version of SQLite: each copies the log in its own way" if differ else None,
    )


def _settings(workers: Sequence[WorkerActivity]) -> Fact:
    """What each is set up with, and where they differ: that may be meant."""
    value = {worker.worker_id: _setup(worker) for worker in workers}
    names = sorted({name for setup in value.values() for name in setup})
    differing = [name for name in names if len({json.dumps(setup.get(name)) for setup in value.values()}) > 1]
    if not value:
        text = "no worker process is at work, so there are no settings to compare"
    elif differing:
        text = f"the workers differ in {', '.join(differing)}; --json shows what each is set up with"
    else:
        text = "all workers are set up alike"
    return Fact(section="workers", fact="worker_settings", value=value, text=text)


def _setup(worker: WorkerActivity) -> dict[str, Any]:
    types = None if worker.types is None else sorted(worker.types)
    own = {"concurrency": worker.concurrency, "strategy": worker.strategy, "types": types}
    return {**own, **json.loads(worker.settings or "{}")}


def _clocks(workers: Sequence[WorkerActivity], now: datetime) -> Fact:
    """A beat is dated by the wall clock of its machine, and aged by the boot clock where that is ours."""
    off = {worker.worker_id: seconds for worker in workers if (seconds := _off(worker, now)) is not None}
    if not off:
        text = "no beat is dated in the future, and no wall clock was set since the last ones"
        return Fact(section="workers", fact="clocks", value={}, text=text)
    named = [f"{worker} by {seconds:+,.0f} s" for worker, seconds in sorted(off.items())[:_NAMED]]
    more = f", and {len(off) - _NAMED} more" if len(off) > _NAMED else ""
    return Fact(
        section="workers",
        fact="clocks",
        verdict="warning",
        value=off,
        text=f"the wall clock of the last beat and ours differ: {', '.join(named)}{more}",
        advice="let all machines keep their time by NTP; ages on one machine go by its boot clock and stay right",
    )


def _off(worker: WorkerActivity, now: datetime) -> float | None:
    """By how many seconds the clock of the last beat was ahead of ours; None: by none that can be told."""
    ahead = worker.heartbeat_age_seconds - (now - text_to_datetime(worker.heartbeat_utc)).total_seconds()
    if worker.heartbeat_age_seconds < 0:  # by the text alone
        ahead = -worker.heartbeat_age_seconds
    return round(ahead, 3) if abs(ahead) > OFF_SECONDS else None


def _counted(found: Counter[str], what: str) -> str:
    parts = [f"{n} worker{'' if n == 1 else 's'} on {what} {version}" for version, n in sorted(found.items())]
    return ", ".join(parts)
