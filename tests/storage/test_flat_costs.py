"""What runs often costs the same at any depth: its queries seek in an index, and a claim's time does not grow."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from musterq.models import NewTask, SchedulingStrategy, TaskStatus, WorkerFacts
from musterq.observations import Expectation
from musterq.records import NewPart, TypeLimit
from musterq.storage.base import Storage
from tests.storage.engines import SQLITE
from tests.storage.making import end, release, take, take_one
from tests.support import MovableClock

QUERIES = {
    file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
    for file in files("musterq.storage.sqlite").joinpath("queries").iterdir()
    if file.name.endswith(".sql")
}
#: What is read from end to end, and why that is bounded.
BOUNDED = {
    "older_claims": "once, at an upgrade",
    "find": "a page: by id, backwards, up to its limit",
    "oldest_waiting": "the first entry of an index",
    "oldest_waiting_by_type": "the first entry of an index",
    "all_tasks": "a full count, which somebody asked for",
    "tasks_in_flight": "an index of the tasks that are being worked on",
    "orphans": "the same index",
    "leases_over": "the same kind of index",
    "all_held_by_worker": "the same kind of index",
    "held_claims": "the same kind of index",
    "held_tasks": "the same kind of index",
    "type_holders": "the same kind of index",
    **{
        f"ids_{status}": "an index of these tasks, read where the counters say that there are few"
        for status in ("cancelled", "failed", "processing", "queued", "scheduled")
    },
}
FEW, MANY = 500, 50_000


@pytest.fixture
def storage(tmp_path: Path, clock: MovableClock) -> Iterator[Storage]:
    storage = SQLITE.open(tmp_path, clock)
    storage.initialize_schema()
    yield storage
    storage.close()


def plan(storage: Storage, query: str) -> list[str]:
    """How SQLite would run it, a line for each table."""
    names = set(re.findall(r"(?<!:):([a-z_]+[0-9]?)", query))
    parameters: object = dict.fromkeys(names, "[1]") if names else ("1",) * query.count("?")
    return [row[3] for row in storage.execute(f"EXPLAIN QUERY PLAN {query}", parameters)]


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"older_ids", "older_ids_of_empty_tables"}))
def test_no_query_reads_all_tasks(storage: Storage, name: str):
    """Every query seeks; what reads an index from its start is listed with the reason why that is short."""
    query = re.sub(r"^--.*\n", "", QUERIES[name], flags=re.MULTILINE)
    scans = [line for line in plan(storage, query) if re.match(r"SCAN (task_queue|task)\b", line)]
    if name in BOUNDED:
        scans = (
            [line for line in scans if "USING" not in line] if name not in ("older_claims", "find", "all_tasks") else []
        )
    assert scans == []


@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_listed_as_bounded_is_there(name: str):
    assert name in QUERIES


def fill(storage: Storage, count: int) -> None:
    """Tasks in ten lanes, half of which a worker without a GPU may serve, in all priorities."""
    storage.enqueue(
        [
            NewTask(
                type=f"type-{n % 5}",
                payload="{}",
                priority=1 + n * 7 % 1000,
                compatibility="{}" if n % 2 else '{"gpu": true}',
            )
            for n in range(count)
        ]
    )


def quickest(act: Callable[[], object], rounds: int = 60) -> float:
    """The least time of many, which a busy machine disturbs least."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - began)
    return best


def test_a_large_fleet_is_seen_at_once(storage: Storage):
    """500 workers of 500 kinds, none of which can serve any of 50 lanes: the second look decides nothing anew."""
    asked = [f'{{"disk": {n}}}' for n in range(50)]
    storage.enqueue([NewTask(type="mail", payload="{}", compatibility=one) for one in asked])
    for n in range(500):
        storage.register(f"worker-{n}", f'{{"disk": {n + 1000}}}', WorkerFacts(host="host-1", pid=4711))
    storage.expect_workers(Expectation(name="all", count=500, capabilities='{"disk": {"min": 1}}'))
    assert len(storage.unservable()) == 50
    assert quickest(storage.unservable, rounds=10) < 0.04
    assert quickest(storage.unservable_tasks, rounds=10) < 0.02
    assert quickest(storage.expectations, rounds=10) < 0.04
    assert quickest(storage.worker_activity, rounds=10) < 0.02


def test_costs_do_not_grow_with_the_queue(tmp_path: Path, clock: MovableClock):
    """Claims and ends by each strategy, and the metrics: a hundred times the depth, at most four times the time."""
    times: dict[int, dict[str, float]] = {}
    for depth in (FEW, MANY):
        folder = tmp_path / str(depth)
        folder.mkdir()
        storage = SQLITE.open(folder, clock)
        storage.initialize_schema()
        fill(storage, depth)
        times[depth] = measured(storage)
        storage.close()
    growth = {what: times[MANY][what] / times[FEW][what] for what in times[FEW]}
    assert {what: round(ratio, 1) for what, ratio in growth.items() if ratio >= 4} == {}


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_held_tasks_cost_a_claim_nothing(tmp_path: Path, clock: MovableClock, strategy: SchedulingStrategy):
    """Nor do they cost whoever ends one of their key: a hundred times as many, at most four times the time."""
    times = {}
    for held in (FEW, MANY):
        folder = tmp_path / str(held)
        folder.mkdir()
        storage = SQLITE.open(folder, clock)
        storage.initialize_schema()
        storage.enqueue([NewTask(type="mail", payload="{}", priority=1, concurrency_key="user:7") for _ in range(held)])
        storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(200)])
        times[held] = quickest(
            lambda storage=storage: [
                end(storage, claim, TaskStatus.COMPLETED) for claim in take(storage, limit=2, strategy=strategy)
            ]
        )
        storage.close()
    assert times[MANY] < 4 * times[FEW]


def test_tasks_that_wait_for_others_cost_nobody_else(tmp_path: Path, clock: MovableClock):
    """Whoever ends a part looks at what follows it: a hundred times as many chains, at most four times the time."""
    first = {"types": frozenset(["first"])}
    times = {}
    for chains in (FEW, MANY):
        folder = tmp_path / str(chains)
        folder.mkdir()
        storage = SQLITE.open(folder, clock)
        storage.initialize_schema()
        parts = [
            part
            for at in range(chains)
            for part in (
                NewPart(task=NewTask(type="first", payload="{}"), next=2 * at + 1),
                NewPart(task=NewTask(type="then", payload="{}"), waits=True),
            )
        ]
        storage.enqueue_parts(parts)
        times[chains] = quickest(lambda storage=storage: end(storage, take_one(storage, **first), TaskStatus.COMPLETED))
        storage.close()
    assert times[MANY] < 4 * times[FEW]


def test_the_cost_of_a_group_grows_with_its_size_alone(storage: Storage):
    """It is stopped and brought back by one look at each part: ten times as many, not a hundred times the time."""
    times = {}
    for size in (200, 2000):
        first = NewPart(task=NewTask(type="first", payload="{}"), next=1)
        part = NewPart(task=NewTask(type="part", payload="{}"), group=1, next=size + 1, waits=True)
        last = NewPart(task=NewTask(type="last", payload="{}"), waits=True, joins=size)
        task_id = storage.enqueue_parts([first, *[part] * size, last])[0]

        def stop_and_bring_back(task_id: int = task_id) -> None:
            assert storage.cancel(task_id)
            assert storage.retry(task_id)

        times[size] = quickest(stop_and_bring_back, rounds=5)
    assert times[2000] < 30 * times[200]


def measured(storage: Storage) -> dict[str, float]:
    acts = {
        f"claim and release by {strategy}": lambda strategy=strategy: release(
            storage, take_one(storage, strategy=strategy)
        )
        for strategy in SchedulingStrategy
    }
    acts["claim and complete"] = lambda: end(storage, take_one(storage), TaskStatus.COMPLETED)
    acts["claim of what has waited long"] = lambda: release(storage, take_one(storage, max_wait_seconds=0))
    storage.set_limit("type-0", TypeLimit(max_running=5, rate_count=1_000_000, rate_seconds=1.0))
    acts["claim beside a limit"] = lambda: release(storage, take_one(storage))
    acts["claim within a limit"] = lambda: release(storage, take_one(storage, types=frozenset(["type-0"])))
    acts["look for the next token"] = storage.seconds_to_next_due
    acts["claim of nothing"] = lambda: take(storage, types=frozenset(["none"]))
    acts["metrics"] = storage.metrics
    acts["counts"] = storage.task_counts
    acts["rescue of nothing"] = storage.rescue_expired
    acts["what nobody can take"] = storage.unservable
    return {what: quickest(act) for what, act in acts.items()}
