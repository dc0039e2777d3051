"""Many processes on one file: every task is run once, nobody is refused, and everybody gets a turn."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

import pytest

from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite.running import run_together
from tests.storage.sqlite.soundness import check_soundness

PRODUCERS = 8
WORKERS = 4
TASKS_PER_PRODUCER = 250
FAIRNESS_SECONDS = 2.0
LEAST_SHARE = 0.2  # of the fastest process, on a machine that does other things, too


@pytest.fixture
def path(tmp_path: Path) -> str:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    storage.close()
    return storage.location


def test_producers_and_workers(path: str) -> None:
    """No busy error, nothing lost, nothing run twice."""
    total = PRODUCERS * TASKS_PER_PRODUCER
    producers = [("produce", f"p{n}", str(TASKS_PER_PRODUCER)) for n in range(PRODUCERS)]
    workers = [("work", f"w{n}", str(total)) for n in range(WORKERS)]
    figures = run_together(path, producers + workers)
    run = list(itertools.chain.from_iterable(one["run"] for one in figures[PRODUCERS:]))
    assert sorted(run) == sorted(f"p{p}-{n}" for p in range(PRODUCERS) for n in range(TASKS_PER_PRODUCER))
    check_soundness(path)
    storage = SQLiteStorage(path)
    assert storage.metrics().depth_by_status == {"completed": total}
    storage.close()
    seconds = [second for one in figures[:PRODUCERS] for second in one["seconds"]]
    print(  # noqa: T201 - shown by pytest -rP
        f"enqueue: median {statistics.median(seconds) * 1000:.2f} ms, "
        f"99th percentile {statistics.quantiles(seconds, n=100)[98] * 1000:.1f} ms, worst {max(seconds) * 1000:.0f} ms"
    )


def test_everybody_gets_a_turn(path: str) -> None:
    """At full speed, the slowest process gets a fair share of what the fastest gets."""
    figures = run_together(path, [("produce_for", f"p{n}", str(FAIRNESS_SECONDS)) for n in range(PRODUCERS)])
    done = sorted(one["done"] for one in figures)
    print(f"{sum(done) / FAIRNESS_SECONDS:.0f} a second, slowest {done[0]}, fastest {done[-1]}")  # noqa: T201
    assert done[0] >= LEAST_SHARE * done[-1]
    check_soundness(path)
