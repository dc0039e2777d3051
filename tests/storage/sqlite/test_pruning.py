"""The pruner is nobody's nuisance."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from pathlib import Path

from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.storage.base import Storage
from musterq.storage.sqlite.hold import FIRST_SECONDS, LONGEST_SECONDS, SHORTEST_SECONDS, Hold, Patience
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reclaiming import spare
from tests.storage.making import put
from tests.support import MovableClock

DAY = 86_400.0


def fill(storage: Storage, count: int) -> None:
    """So many completed tasks."""
    storage.enqueue([NewTask(type="mail", payload='{"to": "ann"}') for _ in range(count)])
    while claims := storage.claim(ClaimRequest(worker_id="w", limit=1000)):
        storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims])


def test_writers_hardly_wait(storage: Storage, clock: MovableClock):
    """Each step holds the lock for a few milliseconds; the machine may be busy, so the median counts."""
    fill(storage, 10_000)
    clock.advance(8 * DAY)
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            began = time.perf_counter()
            put(storage, "other")
            waits.append(time.perf_counter() - began)

    writer = threading.Thread(target=write)
    writer.start()
    held = []
    while (step := storage.prune()).more:
        held.append(step.held_seconds)
    done.set()
    writer.join()
    assert len(held) > 5
    assert statistics.median(held) < 0.02
    assert statistics.median(waits) < 0.02


def test_a_hold_ends_with_its_time():
    """And begins anew when it is begun again."""
    hold = Hold(0.005)
    hold.begin()
    assert not hold.is_over
    while not hold.is_over:
        pass
    assert hold.so_far() >= 0.005
    assert not hold.begin().is_over


def test_steps_become_shorter_where_commits_are_slow_and_longer_where_not():
    """Within bounds."""
    patience = Patience()
    for held, expected in [(FIRST_SECONDS, LONGEST_SECONDS), (0.5, SHORTEST_SECONDS)]:
        for _ in range(20):
            patience.learn(held)
        hold = patience.hold().begin()
        assert expected == hold._seconds


def test_looking_for_old_tasks_uses_their_indexes(storage: Storage):
    """No scan of the table, whatever its size."""
    for status in ("failed", "cancelled"):
        plan = storage.execute(f"EXPLAIN QUERY PLAN {query(f'old_{status}')}", {"before": "2030", "limit": 5})
        steps = [row["detail"] for row in plan.fetchall()]
        assert sum(f"USING INDEX task_{status} (finished_at_utc" in step for step in steps) == 2
        assert not [step for step in steps if step.startswith("SCAN task")]


def test_a_table_without_old_rows_costs_one_short_step(storage: Storage):
    """Which looks at the first tasks only."""
    fill(storage, 2000)
    assert [storage.prune() for _ in range(3)] == [storage.prune()] * 3
    assert storage.prune().more is False


def test_a_file_without_the_map_of_its_pages_gives_nothing_back(tmp_path: Path):
    """One that an application created: VACUUM is its owner's."""
    raw = sqlite3.connect(tmp_path / "plain.db", isolation_level=None)
    raw.execute("CREATE TABLE t (x)")
    raw.execute("INSERT INTO t VALUES (zeroblob(9000000))")
    raw.execute("DELETE FROM t")

    class Plain:
        def row(self, sql: str) -> tuple[int, ...]:
            found: tuple[int, ...] = raw.execute(sql).fetchone()
            return found

    assert spare(Plain(), 0.0).pages == 0  # type: ignore[arg-type]
    raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
    raw.execute("VACUUM")
    raw.execute("INSERT INTO t VALUES (zeroblob(9000000))")
    raw.execute("DELETE FROM t")
    assert spare(Plain(), 0.0).pages > 1000  # type: ignore[arg-type]
    raw.close()
