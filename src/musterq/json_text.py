"""Strict JSON: what goes in comes back, or is refused with the place where it would not.

The encoder is msgspec's, which is fast and also takes what JSON has no word for (sets, bytes, NaN,
keys that are numbers), so every value is looked at first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from musterq.scalars import shown

MAX_DEPTH = 100
MAX_INT = 2**1024 - 1  # JSON readers that keep numbers as doubles would read infinity beyond

_LONG = 2**63

_Place = tuple["_Place", object] | None  # where a container stands: the container above, and its key there
_encode = msgspec.json.Encoder().encode
_encode_subclasses = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


def json_text(name: str, value: object, max_bytes: int) -> str:
    """A value as compact JSON; tuples become arrays.

    Raises:
        TypeError: something in it has no JSON form.
        ValueError: NaN or infinity, half a surrogate pair, an integer of over 1024 bits, nesting over
            100 deep (or containing itself), or over ``max_bytes`` bytes of UTF-8.
    """
    if not _is_plain(value):
        _check_value(name, value, max_bytes)
    try:
        encoded = _encoded(value)
    except UnicodeEncodeError as error:
        half = shown(error.object[error.start : error.end])
        raise ValueError(f"{name} holds {half}, half a surrogate pair; give text that UTF-8 can write") from None
    if len(encoded) > max_bytes:
        raise _too_large(name, f"{len(encoded)} bytes", max_bytes)
    return encoded.decode()


def json_object_text(name: str, value: object, max_bytes: int, *, sort_keys: bool = False) -> str:
    """A dict as the standard `json.dumps` writes it, after the checks of `json_text`."""
    if not isinstance(value, dict):
        raise TypeError(f"{name}={shown(value)} is a {type(value).__name__}; give a dict")
    json_text(name, value, max_bytes)
    return json.dumps(value, sort_keys=sort_keys)


def _encoded(value: object) -> bytes:
    try:
        return _encode(value)
    except TypeError:  # subclasses of str, int or float, which msgspec does not know
        return _encode_subclasses(value).encode()


def _is_plain(value: object) -> bool:
    """Whether it is a dict of text, true, false, null and integers of 64 bits: most payloads, and nothing to refuse."""
    if type(value) is not dict:
        return False
    for key, item in value.items():
        kind = type(item)
        if type(key) is not str or not (
            kind is str or kind is bool or item is None or (kind is int and -_LONG <= item < _LONG)
        ):
            return False
    return True


def _check_value(name: str, root: object, max_values: int) -> None:
    """Look at everything in it; a loop, since what contains itself would exhaust the stack."""
    pending: list[tuple[Any, _Place, int]] = []
    _check_members(name, [(None, root)], None, 0, pending)
    values = 0
    while pending:
        container, place, depth = pending.pop()
        values += len(container)
        if values > max_values:  # each takes a byte at least; what doubles itself level by level ends here
            raise _too_large(name, f"over {max_values} values", max_values)
        if depth > MAX_DEPTH:
            raise ValueError(f"{name} is nested over {MAX_DEPTH} deep, or contains itself; give a flatter value")
        _check_members(name, _members(name, container, place), place, depth, pending)


def _check_members(
    name: str,
    members: Iterable[tuple[object, object]],
    place: _Place,
    depth: int,
    pending: list[tuple[Any, _Place, int]],
) -> None:
    for key, value in members:
        if isinstance(value, str) or value is None:
            continue
        if isinstance(value, int):
            if not -MAX_INT <= value <= MAX_INT:
                raise ValueError(f"{_path(name, place, key)} is an integer of over 1024 bits; give it as text")
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError(f"{_path(name, place, key)} is {value}, which JSON has no word for; give None")
        elif isinstance(value, dict | list | tuple):
            pending.append((value, (place, key), depth + 1))
        else:
            raise _no_json(_path(name, place, key), value)


def _members(name: str, container: Any, place: _Place) -> Iterable[tuple[object, object]]:
    if not isinstance(container, dict):
        return enumerate(container)
    for key in container:
        if not isinstance(key, str):
            raise TypeError(f"{_where(name, place)} has the key {shown(key)}; keys must be text, as in JSON")
    return container.items()


def _no_json(path: str, value: object) -> TypeError:
    hint = "give text, numbers, True, False, None, lists or dicts with text keys"
    return TypeError(f"{path} is {shown(value)}, and JSON has no word for {type(value).__name__}; {hint}")


def _too_large(name: str, size: str, max_bytes: int) -> ValueError:
    hint = "keep large data elsewhere and give its place"
    return ValueError(f"{name} takes {size} of JSON, and {max_bytes} bytes are allowed; {hint}")


def _path(name: str, place: _Place, key: object) -> str:
    return _where(name, (place, key))


def _where(name: str, place: _Place) -> str:
    """For example ``payload['pages'][3]``; the outermost place is the value itself."""
    keys = list(_keys(place))
    return name + "".join(f"[{shown(key)}]" for key in reversed(keys[:-1]))


def _keys(place: _Place) -> Iterator[object]:
    while place is not None:
        place, key = place
        yield key
