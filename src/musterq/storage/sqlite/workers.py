"""The registry of workers: rows, beats, and their ages by the right clock."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from musterq.clock import epoch_to_text, text_to_datetime
from musterq.models import Worker, WorkerFacts
from musterq.records import Pulse
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment


class WorkerAge(NamedTuple):
    """A worker's row, and how old its beat is."""

    worker_id: str
    capabilities: str
    heartbeat_utc: str
    age_seconds: float
    has_lock: bool
    lease_seconds: float
    beat_seconds: float | None
    state: str | None
    state_reason: str | None
    state_since_utc: str | None
    lost_at_utc: str | None  # when it was found dead, once it was
    lost_reason: str | None
    host: str | None
    pid: int | None
    types_text: str | None  # JSON list; None: every type

    @property
    def types(self) -> tuple[str, ...] | None:
        """What it handles; None: every type."""
        return types_of(self.types_text)

    def as_worker(self) -> Worker:
        """The public form."""
        return Worker(
            worker_id=self.worker_id,
            capabilities=self.capabilities,
            heartbeat_utc=text_to_datetime(self.heartbeat_utc),
        )


def worker_ages(connection: Connection, now: Moment) -> list[WorkerAge]:
    """All workers by id."""
    return [WorkerAge(*row) for row in connection.rows(query("worker_ages"), now.boot())]


@lru_cache(1000)
def types_of(text: str | None) -> tuple[str, ...] | None:
    """What a worker handles, from the stored JSON list; None: every type."""
    return None if text is None else tuple(json.loads(text))


class WorkerSetup(NamedTuple):
    """How a worker process is set up, and what it runs on."""

    concurrency: int | None = None
    strategy: str | None = None
    version: str | None = None
    started_at_utc: str | None = None
    python: str | None = None
    sqlite: str | None = None
    settings: str | None = None


def worker_setups(connection: Connection) -> dict[str, WorkerSetup]:
    """The setups of all worker processes by their ids."""
    return {row[0]: WorkerSetup(*row[1:]) for row in connection.rows(query("worker_setups"))}


def worker(connection: Connection, worker_id: str) -> Worker | None:
    """One worker, or None."""
    row = connection.row(query("worker"), (worker_id,))
    if row is None:
        return None
    return Worker(worker_id=row[0], capabilities=row[1], heartbeat_utc=text_to_datetime(row[2]))


def register(
    connection: Connection,
    worker_id: str,
    capabilities: str,
    facts: WorkerFacts | None,
    now: Moment,
    *,
    library: str | None = None,
) -> None:
    """Add or replace a worker, and beat; ``library`` is the version of SQLite in the process that tells the facts."""
    connection.run(query("register"), {"worker": worker_id, "capabilities": capabilities, "now": now.text})
    connection.run(query("register_beat"), {"worker": worker_id, **now.boot()})
    if facts is not None:
        connection.run(query("register_facts"), {**_told(worker_id, facts, now), "sqlite": library})


def heartbeat(connection: Connection, worker_id: str, pulse: Pulse | None, now: Moment) -> bool:
    """Beat; False if there is no such worker."""
    if connection.run(query("heartbeat"), {"worker": worker_id, "now": now.text}) == 0:
        return False
    connection.run(query("register_beat"), {"worker": worker_id, **now.boot()})
    if pulse is not None:
        said = {"state": pulse.state, "reason": pulse.reason, "since": epoch_to_text(pulse.since)}
        connection.run(query("pulse"), {"worker": worker_id, **said})
    return True


def note_departure(connection: Connection, worker_id: str, reason: str, now: Moment) -> None:
    """Note why a worker that has gone has left of its own accord."""
    connection.run(query("departure_left"), {"worker": worker_id, "reason": reason, "now": now.text})


def forget_process(connection: Connection, worker_id: str) -> None:
    """Forget what an earlier process of this id told of itself."""
    connection.run(query("forget_facts"), {"worker": worker_id})


def _told(worker_id: str, facts: WorkerFacts, now: Moment) -> dict[str, object]:
    return {
        "worker": worker_id,
        "now": now.text,
        "lease_seconds": facts.lease_seconds,
        "beat_seconds": facts.beat_seconds,
        "host": facts.host,
        "pid": facts.pid,
        "concurrency": facts.concurrency,
        "strategy": facts.strategy,
        "types": None if facts.types is None else json.dumps(list(facts.types)),
        "version": facts.version,
        "python": facts.python,
        "settings": facts.settings,
    }
