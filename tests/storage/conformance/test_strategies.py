"""The orders in which tasks are taken; test_strategy_shares.py proves the shares of WEIGHTED_RANDOM."""

from __future__ import annotations

import pytest

from musterq.models import SchedulingStrategy
from musterq.storage.base import Storage
from tests.storage.making import put, release, take, take_one, taken

FIFO, LIFO, PRIORITY, WEIGHTED = SchedulingStrategy
PRIORITIES = [100, 5, 700, 5, 100, 1, 1000, 700, 1]


def test_fifo_takes_the_lowest_id_first(storage: Storage):
    ids = [put(storage, f"type-{n % 2}", priority=priority) for n, priority in enumerate(PRIORITIES)]
    assert taken(take(storage, strategy=FIFO, limit=20)) == ids


def test_lifo_takes_the_highest_id_first(storage: Storage):
    ids = [put(storage, f"type-{n % 2}", priority=priority) for n, priority in enumerate(PRIORITIES)]
    assert taken(take(storage, strategy=LIFO, limit=20)) == ids[::-1]


def test_priority_takes_the_lowest_number_first_and_ties_by_id(storage: Storage):
    ids = {put(storage, f"type-{n % 2}", priority=priority): priority for n, priority in enumerate(PRIORITIES)}
    assert taken(take(storage, strategy=PRIORITY, limit=20)) == sorted(ids, key=lambda i: (ids[i], i))


def test_weighted_random_takes_everything_once(storage: Storage):
    ids = [put(storage, f"type-{n % 2}", priority=priority) for n, priority in enumerate(PRIORITIES)]
    assert sorted(taken(take(storage, strategy=WEIGHTED, limit=20))) == ids


def test_priority_is_the_default(storage: Storage):
    put(storage, priority=100)
    urgent = put(storage, priority=1)
    assert taken(take(storage)) == [urgent]


@pytest.mark.parametrize("strategy", [FIFO, LIFO, PRIORITY])
def test_one_by_one_is_the_same_order_as_all_at_once(storage: Storage, strategy: SchedulingStrategy):
    for n, priority in enumerate(PRIORITIES):
        put(storage, f"type-{n % 3}", priority=priority)
    claims = take(storage, strategy=strategy, limit=20)
    together = taken(claims)
    for claim in claims:
        release(storage, claim)
    assert [take_one(storage, strategy=strategy).task_id for _ in PRIORITIES] == together


@pytest.mark.parametrize("strategy", [FIFO, PRIORITY])
def test_a_released_task_keeps_its_place(storage: Storage, strategy: SchedulingStrategy):
    first, second = put(storage), put(storage)
    release(storage, take_one(storage, strategy=strategy))
    assert taken(take(storage, strategy=strategy, limit=2)) == [first, second]


def test_a_changed_priority_counts_at_once(storage: Storage):
    first, second = put(storage), put(storage)
    storage.execute("UPDATE task_queue SET priority = 1 WHERE id = ?", (second,))
    assert taken(take(storage, limit=2)) == [second, first]


def test_a_seed_repeats_the_draw(storage: Storage):
    """The same queue and the same seed give the same tasks in the same order; another seed another one."""
    for n in range(60):
        put(storage, f"type-{n % 3}", priority=1 + n * 16)

    def drawn(seed: int) -> list[int]:
        claims = take(storage, strategy=WEIGHTED, limit=20, seed=seed)
        for claim in claims:
            release(storage, claim)
        return taken(claims)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_among_equal_chances_the_oldest_is_taken(storage: Storage):
    ids = [put(storage, priority=50) for _ in range(5)]
    assert taken(take(storage, strategy=WEIGHTED, limit=5)) == ids
