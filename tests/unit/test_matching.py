"""Which worker satisfies which task: the table of requirements, row by row and as properties."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.matching import check_compatibility, satisfies, servable

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.sampled_from("abc")
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 1.0])
RANGES = (
    st.builds(lambda n: {"min": n}, NUMBERS)
    | st.builds(lambda n: {"max": n}, NUMBERS)
    | st.builds(lambda a, b: {"min": min(a, b), "max": max(a, b)}, NUMBERS, NUMBERS)
)
PLAIN = (
    SCALARS
    | RANGES
    | st.builds(lambda values: {"all": values}, st.lists(SCALARS, max_size=3))
    | st.builds(lambda there: {"exists": there}, st.booleans())
)
REQUIREMENTS = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.builds(lambda v: {"not": v}, inner), max_leaves=6
)
CAPABILITIES = st.dictionaries(st.sampled_from("xyz"), SCALARS | st.lists(SCALARS, max_size=3))
COMPATIBILITIES = st.dictionaries(st.sampled_from("xyz"), REQUIREMENTS)
ABSENT = object()


@pytest.mark.parametrize(
    ("asked", "have", "holds"),
    [
        ("eu", "eu", True),
        ("eu", "us", False),
        ("eu", ["us", "eu"], True),
        ("eu", ["us"], False),
        ("eu", ABSENT, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (True, [1], False),
        (0, False, False),
        (1, 1.0, True),
        (1, [1.0], True),
        ("1", 1, False),
        (None, None, True),
        (None, [None], True),
        (None, False, False),
        (None, ABSENT, False),
        (["eu", "us"], "us", True),
        (["eu", "us"], ["us", "asia"], True),
        (["eu", "us"], "asia", False),
        (["eu", "us"], ABSENT, False),
        ([{"max": 1}, {"min": 8}], 9, True),
        ([{"max": 1}, {"min": 8}], 4, False),
        ([], "eu", False),
        ({"min": 4}, 4, True),
        ({"min": 4}, 3.99, False),
        ({"min": 0}, True, False),
        ({"min": 4}, "8", False),
        ({"min": 4}, [8], False),
        ({"min": 4}, ABSENT, False),
        ({"max": 4}, 4.0, True),
        ({"max": 4}, 5, False),
        ({"max": 4}, None, False),
        ({"min": 2, "max": 4}, 3, True),
        ({"min": 2, "max": 4}, 5, False),
        ({"min": 2, "max": 4}, 1, False),
        ({"all": ["a", "b"]}, ["b", "c", "a"], True),
        ({"all": ["a", "b"]}, ["a"], False),
        ({"all": ["a"]}, "a", False),
        ({"all": [1]}, [True], False),
        ({"all": []}, [], True),
        ({"all": []}, ABSENT, False),
        ({"not": "eu"}, "us", True),
        ({"not": "eu"}, "eu", False),
        ({"not": "eu"}, ["us", "eu"], False),
        ({"not": "eu"}, ABSENT, True),
        ({"not": ["eu", "us"]}, "us", False),
        ({"not": {"min": 4}}, 3, True),
        ({"not": {"min": 4}}, "many", True),
        ({"not": {"not": "eu"}}, "eu", True),
        ({"not": {"not": "eu"}}, ABSENT, True),
        ({"exists": True}, None, True),
        ({"exists": True}, ABSENT, False),
        ({"exists": False}, ABSENT, True),
        ({"exists": False}, 0, False),
    ],
)
def test_a_requirement(asked: Any, have: Any, holds: object):
    """One row for each word of the table."""
    check_compatibility({"x": asked})
    capabilities = {} if have is ABSENT else {"x": have}
    assert satisfies(capabilities, {"x": asked}) is holds


@given(CAPABILITIES)
def test_an_empty_compatibility_suits_every_worker(capabilities: dict[str, Any]):
    """It asks nothing."""
    assert satisfies(capabilities, {})


@given(CAPABILITIES, COMPATIBILITIES)
def test_every_key_must_hold(capabilities: dict[str, Any], compatibility: dict[str, Any]):
    """A compatibility is satisfied exactly when each of its requirements alone is."""
    alone = [satisfies(capabilities, {name: asked}) for name, asked in compatibility.items()]
    assert satisfies(capabilities, compatibility) is all(alone)


@given(CAPABILITIES, st.lists(REQUIREMENTS, max_size=4))
def test_a_list_holds_when_any_element_does(capabilities: dict[str, Any], elements: list[Any]):
    """Its elements are requirements of their own."""
    assert satisfies(capabilities, {"x": elements}) is any(satisfies(capabilities, {"x": e}) for e in elements)


@given(CAPABILITIES, REQUIREMENTS)
def test_not_is_the_opposite_for_what_is_there(capabilities: dict[str, Any], asked: Any):
    """And always holds for what is absent."""
    opposite = "x" not in capabilities or not satisfies(capabilities, {"x": asked})
    assert satisfies(capabilities, {"x": {"not": asked}}) is opposite


@given(CAPABILITIES, COMPATIBILITIES)
def test_json_changes_no_answer(capabilities: dict[str, Any], compatibility: dict[str, Any]):
    """What was stored and read again matches as before."""
    stored = servable(json.dumps(compatibility))
    assert satisfies(json.loads(json.dumps(capabilities)), stored) is satisfies(capabilities, compatibility)


@given(COMPATIBILITIES)
def test_what_has_meaning_is_accepted(compatibility: dict[str, Any]):
    """Every combination of the table's rows."""
    check_compatibility(compatibility)
    assert servable(json.dumps(compatibility)) == compatibility


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"atleast": 4}, "unknown operator 'atleast'; give one of: min, max, all, not, exists"),
        ({"min": 4, "atmost": 5}, "unknown operator 'atmost'"),
        ({}, "give one operator of"),
        ({"min": 1, "all": [1]}, "or min and max together"),
        ({"min": 1, "max": 2, "not": 3}, "or min and max together"),
        ({"min": "x"}, r"compatibility\['cpu'\]\['min'\]='x': give a number"),
        ({"max": True}, "give a number"),
        ({"max": None}, "give a number"),
        ({"min": 5, "max": 4}, "nothing is in that range"),
        ({"all": "a"}, "give a list"),
        ({"all": [{"min": 1}]}, "give a list of texts"),
        ({"exists": 1}, "give true or false"),
        ({"not": {"atleast": 4}}, "unknown operator"),
        (["a", {"min": "x"}], "give a number"),
    ],
)
def test_what_has_no_meaning_is_refused(asked: Any, message: str):
    """Named with its place, and what the operator takes."""
    with pytest.raises(ValueError, match=message):
        check_compatibility({"cpu": asked})


HOSTILE = ["", "gpu", "[]", "null", "7", "{", '{"a": NaN}', '{"a": {"b": 1}}', "[" * 10_000, '{"a":' + "[" * 10_000]
NESTED = '{"a": ' + "[" * 150 + "]" * 150 + "}"


@pytest.mark.parametrize("text", [*HOSTILE, NESTED, '{"a": ' + "1" * 5000 + "}", None, 7, b"{}", '{"\ud800": {}}'])
def test_a_lane_that_plain_sql_spoiled_suits_nobody(text: object):
    """No text from the database ever raises."""
    assert servable(text) is None


@given(st.text() | st.binary() | st.none() | st.integers() | REQUIREMENTS.map(json.dumps))
def test_reading_a_lane_never_raises(text: object):
    """Either a dict to match, or None."""
    assert isinstance(servable(text), dict | None)
