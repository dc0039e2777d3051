"""Why no worker can take a task, in words: who comes near it, and what these lack. Pure functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from musterq.matching import failing, offered, servable
from musterq.models import TAKES_TASKS
from musterq.observations import Miss, Shortfall
from musterq.scalars import shown

MOST_MISSES = 20
_MOST_NAMED = 3  # in a sentence
_MOST_VALUES = 5
_LONGEST_VALUE = 60
_ALIVE = frozenset({"draining", "wedged", "suspended"})  # beside those that take tasks


class Candidate(Protocol):
    """What must be known of a worker."""

    @property
    def types(self) -> Collection[str] | None:
        """What it handles; None: every type."""

    @property
    def capabilities(self) -> str:
        """JSON text."""

    @property
    def status(self) -> str:
        """What it is doing, in a word."""


def shortfall(type: str, compatibility: object, workers: Iterable[Candidate]) -> Shortfall | None:
    """Why none of these workers can take a task of this type and compatibility (JSON text); None: one of them can.

    Only a worker that is starting, idle or busy can take any; that it may be busy for long does not matter.
    """
    wanted = servable(compatibility)
    if wanted is None:
        return Shortfall(reason=f"no worker can know what it asks for: its compatibility is {shown(compatibility)}")
    alike = Counter((_handles(worker, type), worker.capabilities, worker.status) for worker in workers)
    handled = [(offered(text), n) for (handles, text, status), n in alike.items() if handles and status in TAKES_TASKS]
    if any(not failing(offer, wanted) for offer, _ in handled):
        return None
    misses = _misses(wanted, handled)
    reason = _nearest(misses) if misses else _nobody(type, {status for _, _, status in alike})
    return Shortfall(reason=reason + _idle_ability(wanted, alike), misses=tuple(misses[:MOST_MISSES]))


def _handles(worker: Candidate, type: str) -> bool:
    return worker.types is None or type in worker.types


# -- who comes near ----------------------------------------------------------------------------------
_Offers = Sequence[tuple[Mapping[str, Any], int]]


def _misses(wanted: Mapping[str, Any], handled: _Offers) -> list[Miss]:
    """Those who lack the same together, the nearest first."""
    groups: dict[tuple[tuple[str, bool], ...], list[tuple[Mapping[str, Any], int]]] = {}
    for offer, n in handled:
        key = tuple((name, name in offer) for name in failing(offer, wanted))
        groups.setdefault(key, []).append((offer, n))
    misses = [_miss(wanted, key, offers) for key, offers in groups.items()]
    return sorted(misses, key=lambda miss: (len(miss.lacks), -miss.workers))


def _miss(wanted: Mapping[str, Any], key: tuple[tuple[str, bool], ...], offers: _Offers) -> Miss:
    return Miss(
        workers=sum(n for _, n in offers),
        lacks={name: wanted[name] for name, _ in key},
        has={name: _best(wanted[name], [offer[name] for offer, _ in offers]) for name, there in key if there},
    )


def _best(asked: Any, values: Iterable[Any]) -> list[Any]:
    """The different values, of numbers the nearest to what is asked first, of others the most frequent."""
    by_text = Counter[str]()
    kept: dict[str, Any] = {}
    for value in values:
        text = _json(value)
        by_text[text] += 1
        kept[text] = value
    different = [kept[text] for text, _ in by_text.most_common()]
    if all(_is_number(value) for value in different):
        different.sort(reverse=not (isinstance(asked, dict) and "min" not in asked))
    return different[:_MOST_VALUES]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- in words ----------------------------------------------------------------------------------------
def _nearest(misses: Sequence[Miss]) -> str:
    nearest = [miss for miss in misses if len(miss.lacks) == len(misses[0].lacks)]
    named = [f"{_count(miss.workers)} {_words(miss)}" for miss in nearest[:_MOST_NAMED]]
    others = sum(miss.workers for miss in nearest[_MOST_NAMED:])
    return "; ".join(named) + (f"; {_count(others)} more lack{'s' if others == 1 else ''} as much" if others else "")


def _nobody(type: str, states: set[str]) -> str:
    if states & TAKES_TASKS:
        return f"no worker handles type {_json(type)}"
    return "no worker takes tasks" if states & _ALIVE else "no worker is alive"


def _idle_ability(wanted: Mapping[str, Any], alike: Mapping[tuple[bool, str, str], int]) -> str:
    """Who could take it, but takes nothing."""
    able: Counter[str] = Counter()
    for (handles, text, status), n in alike.items():
        if handles and status not in TAKES_TASKS and not failing(offered(text), wanted):
            able[status] += n
    if not able:
        return ""
    states = " and ".join(f"{n} {'is' if n == 1 else 'are'} {status}" for status, n in sorted(able.items()))
    return f"; of those that could take it, {states}"


def _count(n: int) -> str:
    return f"{n} worker{'' if n == 1 else 's'}"


def _words(miss: Miss) -> str:
    """``lacks gpu and has memory_gb 16, min 32 is asked``."""
    lack, have = ("lacks", "has") if miss.workers == 1 else ("lack", "have")
    parts = []
    for name, asked in miss.lacks.items():
        if name in miss.has:
            parts.append(f"{have} {_name(name)} {_had(miss.has[name])}, {_demand(asked)}")
        elif asked is True or asked == {"exists": True}:
            parts.append(f"{lack} {_name(name)}")
        else:
            parts.append(f"{lack} {_name(name)} ({_demand(asked)})")
    return " and ".join(parts)


def _had(values: Sequence[Any]) -> str:
    if len(values) > 1 and all(_is_number(value) for value in values):
        return f"{_json(min(values))} to {_json(max(values))}"
    return " or ".join(map(_json, values[:_MOST_NAMED])) + (" or others" if len(values) > _MOST_NAMED else "")


def _demand(asked: Any) -> str:
    if asked == {"exists": False}:
        return "which must not be there"
    return f"{_asked(asked)} is asked"


def _asked(asked: Any) -> str:
    if isinstance(asked, dict):
        return ", ".join(_OPERATORS[operator](value) for operator, value in asked.items())
    return f"one of {_list(asked)}" if isinstance(asked, list) else _json(asked)


def _list(values: Sequence[Any]) -> str:
    words = ", ".join(map(_asked, values[:_MOST_VALUES]))
    return f"{words or 'nothing'}{' …' if len(values) > _MOST_VALUES else ''}"


_OPERATORS: Mapping[str, Callable[[Any], str]] = {
    "min": lambda value: f"min {_json(value)}",
    "max": lambda value: f"max {_json(value)}",
    "all": lambda value: f"all of {_list(value)}",
    "not": lambda value: f"not {_asked(value)}",
    "exists": lambda value: "that it is there" if value else "that it is not there",
}


def _name(name: str) -> str:
    return name if name.isidentifier() and len(name) <= _LONGEST_VALUE else _json(name)


def _json(value: Any) -> str:
    """JSON text, shortened, of any value that the database may hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr).encode(errors="backslashreplace").decode()
    except (RecursionError, ValueError):
        return "…"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
