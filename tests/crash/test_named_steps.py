"""A process is killed at a step, another one goes on: nothing lost, nothing twice, everything agrees."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from musterq import QueueDatabase
from tests.crash.arena import Arena
from tests.crash.steps import STEPS
from tests.storage.sqlite.soundness import check_soundness
from tests.worker.waiting import until

OF_ONE_WORKER = [
    "registering",
    "telling its facts",
    "registered",
    "claiming",
    "committing a claim",
    "finishing",
    "committing a finish",
    "committing a retry",
    "promoting",
    "committing a promotion",
]
LEAVING = ["leaving", "committing its leave"]
PRUNING = ["pruning", "committing a pruning"]
RESCUING = ["rescuing", "committing a rescue"]
TICKING = ["ticking", "committing a tick"]
MIGRATING = ["migrating", "committing a migration"]
RENEWING = ["renewing"]


def test_every_step_is_tried() -> None:
    """A step that is added must find its test."""
    tried = {*OF_ONE_WORKER, *LEAVING, *PRUNING, *RESCUING, *TICKING, *MIGRATING, *RENEWING}
    assert tried == STEPS.keys()


def put_some_of_everything(arena: Arena) -> None:
    arena.enqueue("quick", times=30)
    arena.enqueue("quick", delay=0.05, times=5)
    arena.enqueue("fail_once", times=5, retry={"initial_seconds": 0.05, "max_seconds": 0.1})


@pytest.mark.parametrize("step", OF_ONE_WORKER)
def test_a_worker_dies_at_a_step_of_its_work(arena: Arena, step: str) -> None:
    """The next worker does what is left."""
    put_some_of_everything(arena)
    arena.start("w1", step, ready=False, concurrency=2)
    arena.must_die("w1")
    arena.start("w2")
    arena.drain()
    arena.check()


def test_a_worker_dies_while_it_renews_its_lease(arena: Arena) -> None:
    """With a task that runs at that moment."""
    (held,) = arena.enqueue("hold")
    arena.start("w1", "renewing", ready=False, heartbeat_seconds=0.3)
    arena.must_die("w1")
    (arena.folder / "go").touch()
    arena.start("w2")
    arena.drain()
    assert arena.queue.storage.get(held)
    arena.check()


@pytest.mark.parametrize("step", LEAVING)
def test_a_worker_dies_while_it_leaves(arena: Arena, step: str) -> None:
    """All work is done by then, and its id is free."""
    put_some_of_everything(arena)
    arena.start("w1", step, ready=False, burst="true")
    arena.must_die("w1")
    arena.start("w1")
    arena.drain()
    arena.check()


@pytest.mark.parametrize("step", RESCUING)
def test_a_rescuer_dies_while_it_rescues(arena: Arena, step: str) -> None:
    """The third worker rescues from both."""
    held = arena.enqueue("hold", times=3)
    arena.start("w1", concurrency=3)
    arena.wait_until_begun(held)
    arena.kill("w1")
    arena.start("w2", step, ready=False)
    arena.must_die("w2")
    (arena.folder / "go").touch()
    arena.start("w3")
    arena.drain()
    arena.check()


@pytest.mark.parametrize("step", PRUNING)
def test_a_pruner_dies_while_it_prunes(arena: Arena, step: str) -> None:
    """What was to go is there as a whole or gone as a whole, and is folded into the totals once."""
    old = "2020-01-01 00:00:00.000"
    arena.queue.database.execute_many(
        "INSERT INTO task_queue (type, payload, status, created_at_utc, processing_started_utc, finished_at_utc) "
        "VALUES ('old', '{}', 'completed', ?, ?, ?)",
        [(old, old, old)] * 500,
    )
    put_some_of_everything(arena)
    arena.start("w1", step, ready=False)
    arena.must_die("w1")
    arena.start("w2")
    arena.drain()
    left = arena.queue.database.execute("SELECT count(*) FROM task_queue WHERE type = 'old'").fetchone()[0]
    pruned = arena.queue.database.execute("SELECT sum(n) FROM pruned_totals WHERE type = 'old'").fetchone()[0] or 0
    assert left + pruned == 500
    arena.check()


def quick() -> int:
    """What the program has a handler for."""
    return 0


@pytest.mark.parametrize("step", TICKING)
def test_a_scheduler_dies_at_a_tick(arena: Arena, step: str) -> None:
    """The tick is enqueued once, by whoever comes next."""
    arena.queue.every(3600, name="hourly")(quick)
    arena.queue.save_schedules()
    arena.queue.database.execute("UPDATE schedules SET next_utc = '2026-01-01 00:00:00.000'")
    arena.start("w1", step, ready=False)
    arena.must_die("w1")
    assert arena.queue.find(type="quick", limit=10) == []
    arena.start("w2")
    until(lambda: arena.queue.find(type="quick", status="completed", limit=10))
    assert len(arena.queue.find(type="quick", limit=10)) == 1
    arena.check()


@pytest.mark.parametrize("step", MIGRATING)
def test_a_process_dies_while_it_makes_the_tables(tmp_path: Path, step: str) -> None:
    """There are none, or all of them; the next process makes them."""
    arena = Arena.__new__(Arena)
    path = tmp_path / "queue.db"
    arena.path, arena.folder, arena.processes = path, tmp_path, {}
    arena.start("w1", step, ready=False)
    arena.must_die("w1")
    with sqlite3.connect(path, timeout=30) as plain:
        tables = plain.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
    plain.close()
    assert tables == 0
    with QueueDatabase(path) as database:
        database.initialize_schema()
    check_soundness(str(path))
