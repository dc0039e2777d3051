"""Does a worker satisfy what a task asks of it? Pure functions over decoded JSON objects.

A compatibility is a dict; each of its requirements must hold for the capability of the same name.

    a scalar v              the capability equals v, or is a list that contains v
    a list                  it satisfies any one of the elements, which are requirements themselves
    {"min": n, "max": m}    it is a number within the range; one bound is enough
    {"all": [v, ...]}       it is a list that contains every v
    {"not": requirement}    it does not satisfy the requirement, or is absent
    {"exists": true}        it is there, null included; with false: it is not there

``true`` is not ``1``, but ``1`` is ``1.0``. Null equals only a capability that is there and null (or a
list that contains null). An absent capability satisfies nothing but ``not`` and ``exists: false``.
Nothing satisfies an empty list; any list satisfies ``{"all": []}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from musterq.scalars import shown

MAX_DEPTH = 100


class _Absent:
    """The capability is not there."""


_ABSENT: Final = _Absent()
_LISTS: Final = (list, tuple)


def check_compatibility(requirement: Mapping[str, Any], argument: str = "compatibility") -> None:
    """Check that a compatibility, given as this argument, means something.

    Raises:
        ValueError: an unknown operator, operators that do not go together, or an operator's value
            that is none.
    """
    for name, asked in requirement.items():
        _check_requirement(f"{argument}[{shown(name)}]", asked, 0)


def satisfies(capabilities: Mapping[str, Any], compatibility: Mapping[str, Any]) -> bool:
    """Whether a worker with these capabilities may run a task of this (checked) compatibility."""
    return all(_holds(asked, capabilities.get(name, _ABSENT)) for name, asked in compatibility.items())


def failing(capabilities: Mapping[str, Any], compatibility: Mapping[str, Any]) -> dict[str, Any]:
    """The requirements of a (checked) compatibility that a worker with these capabilities does not satisfy."""
    return {name: asked for name, asked in compatibility.items() if not _holds(asked, capabilities.get(name, _ABSENT))}


def offered(capabilities_text: object) -> Mapping[str, Any]:
    """What a worker offers, as it stands in the database; where that is no JSON object, it can do nothing."""
    try:
        decoded = json.loads(capabilities_text) if isinstance(capabilities_text, str | bytes) else None
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def servable(compatibility_text: object) -> Mapping[str, Any] | None:
    """What a lane asks, as it stands in the database; None where plain SQL put in what no worker can know."""
    try:
        return _decoded(compatibility_text)
    except (ValueError, RecursionError):
        return None


def _decoded(text: object) -> Mapping[str, Any]:
    decoded = json.loads(text, parse_constant=_refuse_constant) if isinstance(text, str) else None
    if not isinstance(decoded, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - nothing that a caller got wrong
    check_compatibility(decoded)
    return decoded


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


# -- what holds ------------------------------------------------------------------------------------
def _holds(asked: Any, have: Any) -> bool:
    if isinstance(asked, dict):
        return all(_OPERATORS[operator].holds(value, have) for operator, value in asked.items())
    if isinstance(asked, _LISTS):
        return any(_holds(element, have) for element in asked)
    return _equal(asked, have) or _contains(have, asked)


def _equal(asked: Any, have: Any) -> bool:
    return bool(asked == have) and isinstance(asked, bool) == isinstance(have, bool)


def _contains(have: Any, asked: Any) -> bool:
    return isinstance(have, _LISTS) and any(_equal(asked, element) for element in have)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- what is well formed ---------------------------------------------------------------------------
def _check_requirement(place: str, asked: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"{shown(place)} is nested over {MAX_DEPTH} deep; ask for something simpler")
    if isinstance(asked, dict):
        _check_operators(place, asked, depth)
    elif isinstance(asked, _LISTS):
        for element in asked:
            _check_requirement(place, element, depth + 1)


def _check_operators(place: str, asked: dict[str, Any], depth: int) -> None:
    names = ", ".join(_OPERATORS)
    for operator in asked:
        if operator not in _OPERATORS:
            raise ValueError(f"{place} has the unknown operator {shown(operator)}; give one of: {names}")
    if len(asked) != 1 and asked.keys() != {"min", "max"}:
        raise ValueError(f"{place}={shown(asked)}: give one operator of {names}, or min and max together")
    for operator, value in asked.items():
        _OPERATORS[operator].check(f"{place}[{operator!r}]", value, depth + 1)
    if len(asked) > 1 and asked["min"] > asked["max"]:
        raise ValueError(f"{place}={shown(asked)}: nothing is in that range; give a min that is at most the max")


def _check_bound(place: str, value: Any, _depth: int) -> None:
    if not _is_number(value):
        raise ValueError(f"{place}={shown(value)}: give a number")


def _check_all(place: str, value: Any, _depth: int) -> None:
    if not isinstance(value, _LISTS) or any(isinstance(element, dict | list | tuple) for element in value):
        raise ValueError(f"{place}={shown(value)}: give a list of texts, numbers, true, false or null")


def _check_exists(place: str, value: Any, _depth: int) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{place}={shown(value)}: give true or false")  # noqa: TRY004 - one error for what is malformed


# -- the operators ---------------------------------------------------------------------------------
class _Operator(NamedTuple):
    check: Callable[[str, Any, int], None]
    holds: Callable[[Any, Any], bool]


_OPERATORS: Mapping[str, _Operator] = {
    "min": _Operator(_check_bound, lambda n, have: _is_number(have) and n <= have),
    "max": _Operator(_check_bound, lambda n, have: _is_number(have) and have <= n),
    "all": _Operator(
        _check_all,
        lambda values, have: isinstance(have, _LISTS) and all(_contains(have, value) for value in values),
    ),
    "not": _Operator(_check_requirement, lambda asked, have: have is _ABSENT or not _holds(asked, have)),
    "exists": _Operator(_check_exists, lambda there, have: (have is not _ABSENT) == there),
}
