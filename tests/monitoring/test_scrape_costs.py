"""What a scrape costs does not grow with the number of tasks."""

from __future__ import annotations

import time
from pathlib import Path

from musterq.database import QueueDatabase
from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.prometheus import exposition
from tests.support import MovableClock

FEW, MANY = 500, 50_000
MOST_SECONDS = 0.02


def scrape_seconds(folder: Path, tasks: int, clock: MovableClock) -> float:
    """The least time of many, with so many tasks queued, and a tenth as many finished."""
    with QueueDatabase(folder / f"{tasks}.db", clock=clock) as database:
        database.initialize_schema()
        storage, monitoring = database.storage, QueueMonitoring(database)
        storage.enqueue([NewTask(type=f"type-{n % 5}", payload="{}", priority=1 + n % 1000) for n in range(tasks)])
        claims = storage.claim(ClaimRequest(worker_id="worker-1", limit=tasks // 10))
        storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims])
        return min(_seconds(monitoring) for _ in range(40))


def _seconds(monitoring: QueueMonitoring) -> float:
    began = time.perf_counter()
    exposition(monitoring)
    return time.perf_counter() - began


def test_it_costs_the_same_at_any_number(tmp_path: Path, clock: MovableClock) -> None:
    """A hundred times as many tasks, less than twice the time; and never more than 20 ms."""
    few, many = (scrape_seconds(tmp_path, tasks, clock) for tasks in (FEW, MANY))
    assert many < 2 * few
    assert many < MOST_SECONDS
