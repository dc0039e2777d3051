"""A claim gives a worker only what its capabilities satisfy (the rules themselves are `musterq.matching`'s)."""

from __future__ import annotations

import pytest

from musterq.models import SchedulingStrategy
from musterq.storage.base import Storage
from tests.storage.making import put, take, taken

RULES = [
    ('{"gpu": true}', {"gpu": True}, {"gpu": 1}),
    ('{"gpu": 1}', {"gpu": 1.0}, {"gpu": True}),
    ('{"queue": "mail"}', {"queue": ["mail", "text"]}, {"queue": ["text"]}),
    ('{"zone": ["eu", "us"]}', {"zone": "us"}, {"zone": "asia"}),
    ('{"cpu": {"min": 8}}', {"cpu": 8}, {"cpu": 7}),
    ('{"cpu": {"max": 8}}', {"cpu": 8}, {"cpu": 8.5}),
    ('{"cpu": {"max": 16, "min": 8}}', {"cpu": 9}, {"cpu": 17}),
    ('{"tags": {"all": ["a", "b"]}}', {"tags": ["c", "b", "a"]}, {"tags": ["a"]}),
    ('{"os": {"not": "windows"}}', {"os": "linux"}, {"os": "windows"}),
    ('{"os": {"not": "windows"}}', {}, {"os": ["windows", "linux"]}),
    ('{"gpu": {"exists": true}}', {"gpu": None}, {}),
    ('{"gpu": {"exists": false}}', {}, {"gpu": False}),
    ('{"cpu": 8, "gpu": true}', {"cpu": 8, "gpu": True}, {"cpu": 8}),
]


@pytest.mark.parametrize(("compatibility", "suits", "does_not"), RULES)
def test_a_worker_gets_what_it_satisfies(storage: Storage, compatibility: str, suits: dict, does_not: dict):
    task_id = put(storage, compatibility=compatibility)
    assert take(storage, "worker-1", capabilities=does_not) == []
    assert taken(take(storage, "worker-2", capabilities=suits)) == [task_id]


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_every_strategy_matches(storage: Storage, strategy: SchedulingStrategy):
    """Tasks that a worker cannot serve are passed over, not waited for."""
    for _ in range(20):
        put(storage, compatibility='{"gpu": true}', priority=1)
    mine = put(storage, priority=1000)
    for _ in range(20):
        put(storage, compatibility='{"gpu": true}', priority=1)
    assert taken(take(storage, strategy=strategy, limit=5, capabilities={"cpu": 1})) == [mine]


def test_the_registered_capabilities_count_where_none_are_given(storage: Storage):
    task_id = put(storage, compatibility='{"gpu": true}')
    storage.register("worker-1", '{"gpu": true}')
    storage.register("worker-2", "{}")
    assert take(storage, "worker-2") == []
    assert taken(take(storage, "worker-1")) == [task_id]


def test_given_capabilities_count_instead_of_the_registered_ones(storage: Storage):
    put(storage, compatibility='{"gpu": true}')
    storage.register("worker-1", '{"gpu": true}')
    assert take(storage, "worker-1", capabilities={}) == []


def test_new_capabilities_count_from_the_next_claim_on(storage: Storage):
    task_id = put(storage, compatibility='{"gpu": true}')
    storage.register("worker-1", "{}")
    assert take(storage, "worker-1") == []
    storage.register("worker-1", '{"gpu": true}')
    assert taken(take(storage, "worker-1")) == [task_id]


def test_a_task_without_a_wish_suits_everybody(storage: Storage):
    task_id = put(storage)
    assert taken(take(storage, capabilities={"anything": [1, 2, 3]})) == [task_id]


def test_many_lanes_are_served_in_one_order(storage: Storage):
    """The lanes are how it is found, not how it is ordered."""
    ids = [put(storage, f"type-{n % 5}", compatibility=f'{{"zone": "{n % 3}"}}') for n in range(40)]
    zones = {"zone": ["0", "1", "2"]}
    assert taken(take(storage, capabilities=zones, limit=40)) == ids


def test_capabilities_that_are_no_json_satisfy_nothing(storage: Storage):
    """Plain SQL put them in; the worker still gets what suits everybody."""
    put(storage, compatibility='{"gpu": true}')
    free = put(storage)
    storage.execute("INSERT INTO workers (worker_id, capabilities) VALUES ('worker-1', '{broken')")
    assert taken(take(storage, "worker-1", limit=5)) == [free]
