"""JSON that callers give: what goes in comes back, or is refused with its place."""

import json
import math
from collections import OrderedDict, namedtuple
from enum import IntEnum, StrEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.checks import capabilities_text, headers_text, payload_text, result_text
from musterq.json_text import MAX_DEPTH, MAX_INT

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=30)
NO_JSON = st.sampled_from([math.nan, math.inf, {1}, b"x", object(), 1j, {1: 2}, {None: 1}, "\ud800", {"\udfff": 1}])


class Size(StrEnum):
    SMALL = "small"


class Level(IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped kind exists too


class Length(float):
    """A subclass of a number, as numpy's are."""


@given(VALUES)
def test_what_goes_in_comes_back(value: Any):
    """Standard JSON reads the text as the value, types included, and msgspec reads the same."""
    text = payload_text(value)
    assert repr(json.loads(text)) == repr(value)
    assert repr(msgspec.json.decode(text)) == repr(value)


@given(VALUES)
def test_the_text_is_compact_and_its_size_is_counted_in_bytes(value: Any):
    """A limit of exactly its UTF-8 bytes lets a payload pass, one byte less does not."""
    size = len(payload_text(value).encode())
    assert payload_text(value, size) == payload_text(value)
    with pytest.raises(ValueError, match=f"{size - 1} bytes are allowed"):
        payload_text(value, size - 1)


@given(NO_JSON, st.lists(st.sampled_from(["list", "dict", "tuple"]), max_size=5))
def test_what_is_not_json_is_refused_at_any_depth(fault: Any, wrappings: list[str]):
    """NaN, infinity, sets, bytes, objects, keys that are not text and surrogates, wherever they hide."""
    for wrapping in wrappings:
        fault = {"list": [1, fault], "dict": {"a": fault}, "tuple": (fault,)}[wrapping]
    with pytest.raises((TypeError, ValueError), match="payload"):
        payload_text(fault)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, (2,)), "[1,[2]]"),
        (Point(1, 2), "[1,2]"),
        (OrderedDict(a=1), '{"a":1}'),
        ({Size.SMALL: [Size.SMALL, Level.LOW]}, '{"small":["small",1]}'),
        ([Length(2.5), "ö"], '[2.5,"ö"]'),
        pytest.param(MAX_INT, str(MAX_INT), id="largest"),
    ],
)
def test_what_the_standard_encoder_takes_is_taken(value: Any, text: str):
    """Tuples become arrays; subclasses of what JSON knows are written as that."""
    assert payload_text(value) == text


@pytest.mark.parametrize("value", [MAX_INT + 1, -MAX_INT - 1, 10**5000], ids=["over", "under", "far over"])
def test_an_integer_that_readers_would_lose_is_refused(value: Any):
    """Over 1024 bits a reader gives infinity, or an error about the digits."""
    with pytest.raises(ValueError, match=r"payload\['n'\] is an integer of over 1024 bits; give it as text"):
        payload_text({"n": value})


def nested(levels: int):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_nesting_of_the_limit_passes():
    """A hundred levels are allowed."""
    assert payload_text(nested(MAX_DEPTH)) == "[" * MAX_DEPTH + "]" * MAX_DEPTH


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 100_000])
def test_nesting_over_the_limit_is_refused(levels: int):
    """One level more is not, and no depth exhausts the stack."""
    with pytest.raises(ValueError, match="nested over 100 deep"):
        payload_text(nested(levels))


def test_what_contains_itself_is_refused():
    """With the words of the nesting limit, not a RecursionError."""
    value = {"name": "loop"}
    value["self"] = [value]
    with pytest.raises(ValueError, match="contains itself"):
        payload_text(value)


def test_what_doubles_level_by_level_is_refused_early():
    """Sixty small lists that would be 2**60 in JSON are refused by their number, not by running out of memory."""
    value = []
    for _ in range(60):
        value = [value, value]
    with pytest.raises(ValueError, match="over 1048576 values"):
        payload_text(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"pages": [1, {"at": {3}}]},
            r"payload\['pages'\]\[1\]\['at'\] is \{3\}, and JSON has no word for set; give text",
        ),
        ({"a": [{7: 1}]}, r"payload\['a'\]\[0\] has the key 7; keys must be text"),
        ([math.nan], r"payload\[0\] is nan, which JSON has no word for; give None"),
        ({"a": "x\ud800"}, r"payload holds '\\ud800', half a surrogate pair; give text that UTF-8 can write"),
    ],
)
def test_a_refusal_names_the_place(value: Any, message: str):
    """The path to the fault, what is there, and what to give instead."""
    with pytest.raises((TypeError, ValueError), match=message):
        payload_text(value)


def test_a_refusal_is_short_however_large_the_value():
    """A message shows the beginning of a value, not a megabyte of it."""
    with pytest.raises(TypeError) as refused:
        payload_text({"k" * 100_000: {"x" * 100_000}})
    assert len(str(refused.value)) < 500


def test_a_result_is_named_as_such():
    """What a handler returned is refused as a result, under a limit of its own."""
    with pytest.raises(ValueError, match="result takes 12 bytes of JSON, and 11 bytes are allowed"):
        result_text("x" * 10, 11)


@given(st.dictionaries(TEXTS, VALUES))
def test_capabilities_are_written_as_json_dumps_writes_them(capabilities: dict[str, Any]):
    """Spaces, order and escapes are those of the standard encoder."""
    assert capabilities_text(capabilities) == json.dumps(capabilities)


def test_no_capabilities_are_an_empty_object():
    """A worker that says nothing can do nothing in particular."""
    assert capabilities_text(None) == "{}"


@pytest.mark.parametrize("value", [[("cpu", 8)], "cpu", 8, {8: "cpu"}, {"cpu": {8}}])
def test_capabilities_must_be_a_dict_with_text_keys(value: Any):
    """Anything else is the wrong type."""
    with pytest.raises(TypeError, match="capabilities"):
        capabilities_text(value)


@pytest.mark.parametrize("value", [{"cpu": math.inf}, {"name": "\ud800"}, {"name": "x" * 65536}])
def test_capabilities_must_be_json_of_reasonable_size(value: Any):
    """Though json.dumps itself would write each of these."""
    with pytest.raises(ValueError, match="capabilities"):
        capabilities_text(value)


def test_headers_are_text_to_text():
    """What carries a trace context has no other values."""
    assert headers_text({"traceparent": "00-ab-cd-01"}) == '{"traceparent": "00-ab-cd-01"}'
    with pytest.raises(TypeError, match=r"headers\['depth'\]=1 is a int; give a text"):
        headers_text({"depth": 1})
