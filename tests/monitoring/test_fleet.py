"""Who is meant to be at work, and what nobody can take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from musterq.database import QueueDatabase
from musterq.models import NewTask, WorkerFacts
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock


def put(database: QueueDatabase, type: str = "video", **compatibility: Any) -> None:
    text = json.dumps(compatibility, sort_keys=True)
    database.storage.enqueue([NewTask(type=type, payload="{}", compatibility=text)])


def test_nothing_is_expected_and_nothing_unservable_at_first(monitoring: QueueMonitoring) -> None:
    """Two empty lists."""
    assert monitoring.get_expectations() == []
    assert monitoring.get_unservable() == []


def test_an_expectation_and_how_it_is_met(monitoring: QueueMonitoring) -> None:
    """What was expected comes back as it was given, the types in order."""
    monitoring.expect_workers("images", 3, types=["video", "image"], capabilities={"gpu": True})
    monitoring.register_worker("worker-01", {"gpu": True})
    monitoring.register_worker("worker-02")
    assert monitoring.get_expectations() == [
        {
            "name": "images",
            "expected": 3,
            "alive": 1,
            "missing": 2,
            "types": ["image", "video"],
            "capabilities": {"gpu": True},
            "last_worker_id": None,
            "last_host": None,
            "last_reason": None,
            "last_seen_utc": None,
        }
    ]


def test_more_than_expected_are_not_fewer_than_none_missing(monitoring: QueueMonitoring) -> None:
    """The number of missing ones is never negative."""
    monitoring.expect_workers("all", 1)
    for worker in ("a", "b"):
        monitoring.register_worker(worker)
    (found,) = monitoring.get_expectations()
    assert (found["expected"], found["alive"], found["missing"]) == (1, 2, 0)
    assert (found["types"], found["capabilities"]) == (None, {})


def test_who_went_last(monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock) -> None:
    """With its host, where a process registered it, why, and when it was seen last."""
    monitoring.expect_workers("all", 1)
    database.storage.register("worker-01", "{}", WorkerFacts(host="host-7", pid=1))
    beaten = clock.text()
    clock.advance(3)
    monitoring.remove_worker("worker-01")
    (found,) = monitoring.get_expectations()
    assert {key: found[key] for key in found if key.startswith("last")} == {
        "last_worker_id": "worker-01",
        "last_host": "host-7",
        "last_reason": "it was removed",
        "last_seen_utc": beaten,
    }


def test_none_expected_is_forgotten(monitoring: QueueMonitoring) -> None:
    """Also where nothing was expected before."""
    monitoring.expect_workers("images", 2)
    monitoring.expect_workers("images", 0)
    monitoring.expect_workers("never", 0)
    assert monitoring.get_expectations() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("", 1), "name="),
        ((7, 1), "name=7"),
        (("images", -1), "count=-1 is out of range"),
        (("images", 100_001), "count=100001 is out of range"),
        (("images", 1.5), "count=1.5 is a float"),
        (("images", True), "count=True is a bool"),
        (("images", 1, "video"), "write types="),
        (("images", 1, []), "types is empty"),
        (("images", 1, [""]), "type="),
        (("images", 1, None, ["gpu"]), "capabilities"),
        (("images", 1, None, {"gpu": {"more": 1}}), "capabilities['gpu'] has the unknown operator 'more'"),
        (("images", 0, None, {"gpu": {1}}), "capabilities"),
    ],
)
def test_what_cannot_be_expected_is_refused(
    monitoring: QueueMonitoring, arguments: tuple[Any, ...], words: str
) -> None:
    """Before anything is written; the message names the argument."""
    monitoring.expect_workers("images", 5)
    with pytest.raises((TypeError, ValueError)) as refused:
        monitoring.expect_workers(*arguments)
    assert words in str(refused.value)
    assert [found["expected"] for found in monitoring.get_expectations()] == [5]


def test_what_is_unservable_and_who_comes_near(
    monitoring: QueueMonitoring, database: QueueDatabase, clock: MovableClock
) -> None:
    """A sentence, and the facts behind it."""
    put(database, gpu=True, memory_gb={"min": 32})
    put(database, gpu=True, memory_gb={"min": 32})
    clock.advance(90.7)
    monitoring.register_worker("worker-01", {"gpu": True, "memory_gb": 16})
    monitoring.register_worker("worker-02", {"memory_gb": 64})
    monitoring.register_worker("worker-03", {})
    assert monitoring.get_unservable() == [
        {
            "type": "video",
            "compatibility": '{"gpu": true, "memory_gb": {"min": 32}}',
            "waiting": 2,
            "oldest_age_seconds": 90,
            "reason": "1 worker has memory_gb 16, min 32 is asked; 1 worker lacks gpu",
            "misses": [
                {"workers": 1, "lacks": {"memory_gb": {"min": 32}}, "has": {"memory_gb": [16]}},
                {"workers": 1, "lacks": {"gpu": True}, "has": {}},
                {"workers": 1, "lacks": {"gpu": True, "memory_gb": {"min": 32}}, "has": {}},
            ],
        }
    ]


def test_both_are_json_as_they_come(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Plain lists of plain dicts."""
    put(database, zone=["eu", "us"])
    monitoring.register_worker("worker-01", {"zone": ["asia"]})
    monitoring.expect_workers("eu", 2, capabilities={"zone": "eu"})
    for found in (monitoring.get_unservable(), monitoring.get_expectations()):
        assert json.loads(json.dumps(found)) == found != []
