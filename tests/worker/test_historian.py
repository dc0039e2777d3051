"""A worker keeps the history: a look a minute, and what happened in hours and days."""

from __future__ import annotations

from pathlib import Path

from musterq.database import QueueDatabase
from musterq.events import Events
from musterq.monitoring import QueueMonitoring
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.historian import Historian
from tests.support import MovableClock
from tests.worker.waiting import until, working


def depths(database: QueueDatabase) -> list[float | None]:
    return QueueMonitoring(database).get_history("depth", since=150, step=60)["series"][0]["values"]


def test_a_worker_looks_as_soon_as_it_has_started(tmp_path: Path):
    """How much waits that it cannot do, and itself."""
    with QueueDatabase(tmp_path / "queue.db") as database:
        queue = TaskQueue(database)
        queue.task(lambda: None, type="nothing")
        queue.enqueue("another", {})
        with working(WorkerEngine(queue, concurrency=2)):
            until(lambda: 1 in depths(database))
            workers = QueueMonitoring(database).get_history("active_workers", since=150, step=60)
    assert 1 in workers["series"][0]["values"]


def test_it_looks_again_when_the_next_minute_begins(database: QueueDatabase, clock: MovableClock):
    """And brings what happened in the last one into the history."""
    database.initialize_schema()
    historian = Historian(database.storage, events=Events())
    clock.set_wall_clock(30 - clock.time() % 60)
    TaskQueue(database).enqueue("mail", {})
    assert historian.run_once() == 30
    clock.advance(30)
    assert historian.run_once() == 60
    clock.advance(1)
    assert depths(database)[-2:] == [1, 1]
    assert database.execute("SELECT count(*) FROM tallies").fetchone()[0] == 0
