"""Why no worker can take a task: the nearest miss, in words and as facts."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.matching import satisfies
from musterq.models import TAKES_TASKS
from musterq.observations import Miss
from musterq.shortfall import MOST_MISSES, shortfall


@dataclass
class Candidate:
    capabilities: str
    types: tuple[str, ...] | None = None
    status: str = "idle"


def worker(status: str = "idle", types: tuple[str, ...] | None = None, **capabilities: Any) -> Candidate:
    return Candidate(json.dumps(capabilities), types, status)


def reason(workers: list[Candidate], type: str = "video", **asked: Any) -> str:
    """Why nobody can take it; empty if somebody can."""
    found = shortfall(type, json.dumps(asked), workers)
    return "" if found is None else found.reason


def test_nothing_is_missing_where_one_worker_can_take_it():
    assert reason([worker(), worker(gpu=True)], gpu=True) == ""


@pytest.mark.parametrize("status", sorted(TAKES_TASKS))
def test_a_worker_that_starts_is_idle_or_is_busy_can_take_a_task(status: str):
    assert reason([worker(status)]) == ""


@pytest.mark.parametrize(
    ("workers", "asked", "words"),
    [
        ([worker()] * 3, {"gpu": True}, "3 workers lack gpu"),
        ([worker()], {"gpu": {"exists": True}}, "1 worker lacks gpu"),
        ([worker()], {"region": "eu"}, '1 worker lacks region ("eu" is asked)'),
        ([worker(memory_gb=16)] * 2, {"memory_gb": {"min": 32}}, "2 workers have memory_gb 16, min 32 is asked"),
        (
            [worker(memory_gb=8), worker(memory_gb=16), worker(memory_gb=12)],
            {"memory_gb": {"min": 32}},
            "3 workers have memory_gb 8 to 16, min 32 is asked",
        ),
        ([worker(gpu=False)], {"gpu": True}, "1 worker has gpu false, true is asked"),
        ([worker(cpu=4)], {"cpu": {"min": 1, "max": 2}}, "1 worker has cpu 4, min 1, max 2 is asked"),
        ([worker(zone="a"), worker(zone="b")], {"zone": "c"}, '2 workers have zone "a" or "b", "c" is asked'),
        (
            [worker(zone=zone) for zone in "abcde"],
            {"zone": "x"},
            '5 workers have zone "a" or "b" or "c" or others, "x" is asked',
        ),
        ([worker(zone="a")], {"zone": ["b", {"min": 3}]}, '1 worker has zone "a", one of "b", min 3 is asked'),
        ([worker(zone="a")], {"zone": []}, '1 worker has zone "a", one of nothing is asked'),
        ([worker(codecs=["av1"])], {"codecs": {"all": ["av1", "vp9"]}},
         '1 worker has codecs ["av1"], all of "av1", "vp9" is asked'),
        ([worker(region="eu")], {"region": {"not": "eu"}}, '1 worker has region "eu", not "eu" is asked'),
        ([worker(spot=True)], {"spot": {"exists": False}}, "1 worker has spot true, which must not be there"),
        ([worker(a=1)], {"a": {"not": {"exists": True}}}, "1 worker has a 1, not that it is there is asked"),
        ([worker()], {"a b": True}, '1 worker lacks "a b"'),
        ([worker(cpu=2)], {"cpu": {"min": 4}, "gpu": True}, "1 worker has cpu 2, min 4 is asked and lacks gpu"),
    ],
)  # fmt: skip
def test_what_they_lack_is_said(workers: list[Candidate], asked: dict[str, Any], words: str):
    assert reason(workers, **asked) == words


def test_only_those_who_come_nearest_are_named():
    far, near, as_near = worker(), worker(cpu=8), worker(gpu=True)
    words = reason([far, near, near, as_near], gpu=True, cpu={"min": 4})
    assert words == "2 workers lack gpu; 1 worker lacks cpu (min 4 is asked)"


def test_of_many_ways_to_miss_the_most_frequent_are_named():
    workers = [worker(**{name: True for name in "abcde" if name != missing}) for missing in "abcde"]
    words = reason(workers, **dict.fromkeys("abcde", True))
    assert words == "1 worker lacks a; 1 worker lacks b; 1 worker lacks c; 2 workers more lack as much"


def test_only_those_who_handle_the_type_come_near():
    mail, video = worker(types=("mail",), gpu=True), worker(types=("video",))
    assert reason([mail, video], gpu=True) == "1 worker lacks gpu"


def test_a_type_that_nobody_handles():
    assert reason([worker(types=("mail",))]) == 'no worker handles type "video"'


def test_no_worker_at_all_and_none_that_lives():
    assert reason([]) == "no worker is alive"
    assert reason([worker("lost", types=("mail",)), worker("stale", types=("mail",))]) == "no worker is alive"


@pytest.mark.parametrize("status", ["draining", "wedged", "suspended"])
def test_workers_that_live_and_take_nothing(status: str):
    assert reason([worker(status, types=("mail",))]) == "no worker takes tasks"


def test_those_who_could_but_take_nothing_are_told():
    workers = [worker("lost", gpu=True), worker("wedged", gpu=True), worker("wedged", gpu=True), worker("lost")]
    assert reason(workers, gpu=True) == (
        "no worker takes tasks; of those that could take it, 1 is lost and 2 are wedged"
    )
    assert reason([*workers, worker()], gpu=True).startswith("1 worker lacks gpu; of those that could take it, 1 is")


def test_what_nobody_can_know_is_said():
    found = shortfall("mail", '{"gpu": {"more": 1}}', [worker(gpu=True)])
    assert found is not None
    assert found.reason == """no worker can know what it asks for: its compatibility is '{"gpu": {"more": 1}}'"""
    assert found.misses == ()


def test_a_worker_whose_capabilities_are_no_json_object_offers_nothing():
    assert reason([Candidate("[1"), Candidate("[1]")], gpu=True) == "2 workers lack gpu"


def test_misses_are_facts_the_nearest_first():
    workers = [worker(), worker(cpu=2), worker(cpu=3), worker(cpu=2, gpu=True)]
    found = shortfall("video", json.dumps({"cpu": {"min": 4}, "gpu": True}), workers)
    assert found is not None
    assert found.misses == (
        Miss(workers=1, lacks={"cpu": {"min": 4}}, has={"cpu": [2]}),
        Miss(workers=2, lacks={"cpu": {"min": 4}, "gpu": True}, has={"cpu": [3, 2]}),
        Miss(workers=1, lacks={"cpu": {"min": 4}, "gpu": True}, has={}),
    )


def test_with_a_maximum_the_smallest_comes_nearest():
    found = shortfall("video", json.dumps({"load": {"max": 1}}), [worker(load=5), worker(load=3)])
    assert found is not None
    assert found.misses[0].has == {"load": [3, 5]}


def test_long_values_and_names_are_cut():
    words = reason([worker(zone="a" * 1000)], **{"zone": "b" * 1000, "n" * 1000: True})
    assert len(words) < 400


def test_the_facts_are_bounded():
    names = [f"n{i}" for i in range(MOST_MISSES + 5)]
    workers = [worker(**{name: True for name in names if name != missing}) for missing in names]
    found = shortfall("video", json.dumps(dict.fromkeys(names, True)), workers)
    assert found is not None
    assert len(found.misses) == MOST_MISSES


def test_what_no_encoding_has_does_not_hinder():
    words = reason([Candidate('{"zone": "\\ud800"}')], zone="ü")
    assert words == '1 worker has zone "\\ud800", "ü" is asked'


VALUES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from("ab") | st.lists(st.sampled_from("ab"))
ASKED = VALUES | st.builds(lambda n: {"min": n}, st.integers(-2, 2)) | st.builds(lambda v: {"not": v}, VALUES)
WORKERS = st.builds(
    lambda offer, types, status: Candidate(json.dumps(offer), types, status),
    st.dictionaries(st.sampled_from("xyz"), VALUES),
    st.sampled_from([None, ("video",), ("mail",)]),
    st.sampled_from(["idle", "busy", "lost", "wedged"]),
)


@given(st.dictionaries(st.sampled_from("xyz"), ASKED), st.lists(WORKERS))
def test_it_says_nothing_exactly_where_a_worker_can_take_it(asked: dict[str, Any], workers: list[Candidate]):
    handling = [w for w in workers if w.status in TAKES_TASKS and (w.types is None or "video" in w.types)]
    able = any(satisfies(json.loads(w.capabilities), asked) for w in handling)
    found = shortfall("video", json.dumps(asked), workers)
    assert (found is None) == able
    if found is not None:
        assert sum(miss.workers for miss in found.misses) == len(handling)
        assert all(miss.lacks for miss in found.misses)
