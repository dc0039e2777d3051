"""WEIGHTED_RANDOM draws every task with weight 1 / (priority + 1): proved by chi-square tests on seeded draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from musterq.models import Claim, SchedulingStrategy
from musterq.storage.base import Storage
from tests.storage.chi_square import chi_square, critical
from tests.storage.engines import SQLITE
from tests.storage.making import put, take, taken
from tests.support import MovableClock

DRAWS = 6000


class TakenBackError(Exception):
    """Undoes a claim with its transaction, so that every draw finds the same queue."""


@pytest.fixture
def storage(tmp_path: Path, clock: MovableClock) -> Iterator[Storage]:
    storage = SQLITE.open(tmp_path, clock)
    storage.initialize_schema()
    yield storage
    storage.close()


def draw(storage: Storage, seed: int, limit: int = 1, **wish: object) -> list[Claim]:
    claims: list[Claim] = []
    with suppress(TakenBackError), storage.transaction():
        claims = take(storage, strategy=SchedulingStrategy.WEIGHTED_RANDOM, seed=seed, limit=limit, **wish)
        raise TakenBackError
    return claims


def share(priority: int) -> float:
    return 1 / (priority + 1)


def drawn(storage: Storage, kind: Callable[[Claim], object], draws: int = DRAWS, **wish: object) -> Counter[object]:
    return Counter(kind(draw(storage, seed, **wish)[0]) for seed in range(draws))


def test_shares_of_priorities(storage: Storage):
    """Far apart, so that they are counted in different groups; and neighbours, which are not."""
    priorities = [1, 2, 30, 31, 32, 33, 63, 64, 100, 500, 999, 1000]
    for priority in priorities:
        put(storage, priority=priority)
    seen = drawn(storage, lambda claim: claim.priority)
    assert chi_square(seen, {priority: share(priority) for priority in priorities}) < critical(len(priorities))


def test_shares_of_priorities_that_many_tasks_have(storage: Storage):
    """A hundred of priority 199 weigh as much as one of priority 1."""
    many = {1: 1, 19: 10, 199: 100, 40: 7}
    for priority, count in many.items():
        for _ in range(count):
            put(storage, priority=priority)
    seen = drawn(storage, lambda claim: claim.priority)
    assert chi_square(seen, {priority: n * share(priority) for priority, n in many.items()}) < critical(len(many))


def test_shares_over_lanes(storage: Storage):
    """Several types and compatibilities, priorities spread over their groups: each task has its own weight's share."""
    shares: dict[object, float] = {}
    for n in range(60):
        type, priority = f"type-{n % 3}", 1 + (n * 53) % 700
        put(storage, type, priority=priority, compatibility='{"gpu": true}' if n % 2 else "{}")
        key = (type, n % 2, priority // 150)
        shares[key] = shares.get(key, 0) + share(priority)
    seen = drawn(
        storage,
        lambda claim: (claim.type, int(claim.compatibility != "{}"), claim.priority // 150),
        capabilities={"gpu": True},
    )
    assert chi_square(seen, shares) < critical(len(shares))


def test_shares_among_what_a_worker_may_serve(storage: Storage):
    """What it may not have no share, however heavy."""
    put(storage, "mail", priority=1)
    put(storage, "mail", priority=3)
    put(storage, "video", priority=1)
    put(storage, "mail", priority=1, compatibility='{"gpu": true}')
    seen = drawn(storage, lambda claim: (claim.type, claim.priority), types=frozenset(["mail"]))
    assert chi_square(seen, {("mail", 1): share(1), ("mail", 3): share(3)}) < critical(2)


def test_shares_of_the_second_draw_of_one_claim(storage: Storage):
    """Nothing is put back: among three tasks the pairs have the chances of drawing one after the other."""
    weights = {priority: share(priority) for priority in (1, 4, 40)}
    for priority in weights:
        put(storage, priority=priority)
    total = sum(weights.values())
    pairs = {
        (first, second): weights[first] / total * weights[second] / (total - weights[first])
        for first in weights
        for second in weights
        if first != second
    }
    seen = Counter(tuple(claim.priority for claim in draw(storage, seed, limit=2)) for seed in range(DRAWS))
    assert chi_square(seen, pairs) < critical(len(pairs))


def test_shares_after_plain_sql(storage: Storage):
    """Weights follow an UPDATE, a DELETE and rows that were put in by plain SQL."""
    for _ in range(5):
        put(storage, priority=1)
    storage.execute("UPDATE task_queue SET priority = 10 * id")
    storage.execute("DELETE FROM task_queue WHERE id = 3")
    storage.execute("INSERT INTO task_queue (type, payload, priority) VALUES ('other', '{}', 25)")
    seen = drawn(storage, lambda claim: claim.priority)
    assert chi_square(seen, {priority: share(priority) for priority in (10, 20, 25, 40, 50)}) < critical(5)


def test_a_seed_repeats_the_draw(storage: Storage):
    """In order, over lanes and priorities; and without one, no two draws of many are alike."""
    for n in range(200):
        put(storage, f"type-{n % 4}", priority=1 + (n * 29) % 1000)
    first = taken(draw(storage, 7, limit=50))
    assert taken(draw(storage, 7, limit=50)) == first
    assert taken(draw(storage, 8, limit=50)) != first
    assert taken(draw(storage, None, limit=50)) != taken(draw(storage, None, limit=50))


def test_the_test_itself_rejects_wrong_shares():
    """Equal chances, and a weight of 1 / priority, are both told from the right ones by so many draws."""
    priorities = (1, 4, 40, 400)
    right = {priority: share(priority) for priority in priorities}
    for wrong in (dict.fromkeys(priorities, 1.0), {priority: 1 / priority for priority in priorities}):
        counts = {priority: round(DRAWS * wrong[priority] / sum(wrong.values())) for priority in priorities}
        assert chi_square(counts, right) > critical(len(priorities))


@pytest.mark.parametrize(("kinds", "value"), [(2, 15.14), (6, 25.74), (11, 35.56)])
def test_the_critical_value_is_that_of_the_tables(kinds: int, value: float):
    """0.9999 quantiles of 1, 5 and 10 degrees of freedom; for few kinds the approximation is a little high."""
    assert critical(kinds) == pytest.approx(value, rel=0.08)
