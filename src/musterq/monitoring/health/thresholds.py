"""The thresholds of health: from where on what is found is a warning, and from where on it is critical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, TypedDict

import msgspec

from musterq.scalars import MAX_SECONDS, check_number, shown

WARNING = "warning"
CRITICAL = "critical"
OFF = "off"
MOST = 1e15  # of tasks, attempts, MiB

#: A number is the warning alone; a pair is both, either of which may be None; None: never.
Given: TypeAlias = float | str | tuple[float | None, float | None] | list[float | None] | None


class Bounds(NamedTuple):
    """From where on it is a warning, and from where on it is critical; None: never."""

    warning: float | None = None
    critical: float | None = None

    def severity(self, value: float | None) -> str | None:
        """How bad a value is that had better be small; None: it is well."""
        if value is None:
            return None
        if self.critical is not None and value >= self.critical:
            return CRITICAL
        return WARNING if self.warning is not None and value >= self.warning else None

    def severity_of_little(self, value: float) -> str | None:
        """How bad a value is that had better be large."""
        if self.critical is not None and value <= self.critical:
            return CRITICAL
        return WARNING if self.warning is not None and value <= self.warning else None


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as unwell.

    Attributes:
        no_worker: seconds that the oldest queued task has waited while no worker takes tasks.
        stale: seconds since a worker's last heartbeat.
        unservable: seconds that tasks have waited which no worker can take.
        oldest: seconds that the oldest queued task of a type has waited.
        overdue: seconds for which a scheduled task has been due.
        schedule: seconds for which the tick of a schedule has been due.
        failure_rate: the share of failed among completed and failed tasks of the last hour, 0 to 1,
        least_finished: where these are so many.
        failing: attempts of a type that failed since one succeeded, in the last hour.
        growth: how many times as many tasks are queued as an hour ago,
        least_queued: where so many are.
        rescued: tasks that were taken in the last hour from processes that died or were too late.
        crashed: attempts of the last hour whose process died.
        refused: finishes of the last hour that came too late.
        log_mib: MiB of the write-ahead log.
        free_mib: MiB that are left on the disk of the database: the less, the worse.
        ignore: checks that are not made.
    """

    no_worker: Bounds = Bounds(10, 60)
    stale: Bounds = Bounds(300)
    unservable: Bounds = Bounds(0, 300)
    oldest: Bounds = Bounds(300, 1800)
    overdue: Bounds = Bounds(60, 600)
    schedule: Bounds = Bounds(60, 600)
    failure_rate: Bounds = Bounds(0.2, 0.5)
    least_finished: int = 20
    failing: Bounds = Bounds(5, 50)
    growth: Bounds = Bounds(2)
    least_queued: int = 1000
    rescued: Bounds = Bounds(1)
    crashed: Bounds = Bounds(1)
    refused: Bounds = Bounds(1)
    log_mib: Bounds = Bounds(128, 1024)
    free_mib: Bounds = Bounds(1024, 256)
    ignore: frozenset[str] = frozenset()


class HealthOptions(TypedDict, total=False):
    """What may be said of the thresholds; each is explained in `Thresholds` and the guide on monitoring."""

    no_worker: Given
    stale: Given
    unservable: Given
    oldest: Given
    overdue: Given
    schedule: Given
    failure_rate: Given
    least_finished: int
    failing: Given
    growth: Given
    least_queued: int
    rescued: Given
    crashed: Given
    refused: Given
    log_mib: Given
    free_mib: Given
    ignore: list[str] | tuple[str, ...] | frozenset[str] | str


class Kind(NamedTuple):
    """What a threshold can be."""

    most: float = MOST
    falling: bool = False  # the less, the worse
    single: bool = False  # one whole number, and no pair


_SECONDS = Kind(MAX_SECONDS)
KINDS: Mapping[str, Kind] = {
    "no_worker": _SECONDS,
    "stale": _SECONDS,
    "unservable": _SECONDS,
    "oldest": _SECONDS,
    "overdue": _SECONDS,
    "schedule": _SECONDS,
    "failure_rate": Kind(1.0),
    "least_finished": Kind(single=True),
    "failing": Kind(),
    "growth": Kind(),
    "least_queued": Kind(single=True),
    "rescued": Kind(),
    "crashed": Kind(),
    "refused": Kind(),
    "log_mib": Kind(),
    "free_mib": Kind(falling=True),
}


def check_thresholds(options: Mapping[str, Any], checks: tuple[str, ...]) -> Thresholds:
    """The thresholds with these options; ``checks`` are the words that ``ignore`` may hold.

    Raises:
        TypeError, ValueError: an option that there is not, or a value that cannot be; the message names it.
    """
    return Thresholds(**{name: check_threshold(name, value, checks) for name, value in options.items()})


def check_threshold(name: str, value: object, checks: tuple[str, ...]) -> Any:
    """The value of one option, as `Thresholds` holds it."""
    if name == "ignore":
        return _ignored(value, checks)
    if name not in KINDS:
        raise TypeError(f"there is no threshold {shown(name)}; give some of: {', '.join(KINDS)}, ignore")
    kind = KINDS[name]
    return _whole(name, value, kind) if kind.single else _bounds(name, value, kind)


def _bounds(name: str, value: object, kind: Kind) -> Bounds:
    pair = _pair(name, value)
    bounds = Bounds(*(None if bound is None else check_number(name, bound, 0.0, kind.most) for bound in pair))
    if bounds.warning is not None and bounds.critical is not None:
        first, then = (bounds.critical, bounds.warning) if kind.falling else bounds
        if then < first:  # type: ignore[operator]  # neither is None
            order = "less" if kind.falling else "more"
            raise ValueError(
                f"{name}={shown(value)}: what is critical is to be {order} than the warning; give WARNING:CRITICAL"
            )
    return bounds


def _pair(name: str, value: object) -> tuple[object, object]:
    """Both bounds as they were given; a text as numbers."""
    if value is None or value is False or value == OFF:
        return None, None
    if isinstance(value, str):
        warning, colon, critical = value.partition(":")
        if not (warning.strip() or critical.strip()):
            raise ValueError(f"{name}={shown(value)} is no threshold; {_FORMS}")
        return _number(name, warning, value), _number(name, critical, value) if colon else None
    if isinstance(value, list | tuple):
        if len(value) != 2:  # noqa: PLR2004  # a pair
            raise ValueError(f"{name}={shown(value)} is no pair; {_FORMS}")
        return value[0], value[1]
    return value, None


_FORMS = "give WARNING, WARNING:CRITICAL or :CRITICAL in numbers, or off"


def _number(name: str, text: str, whole: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name}={shown(whole)} is no threshold; {_FORMS}") from None


def _whole(name: str, value: object, kind: Kind) -> int:
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name}={shown(value)} is no whole number; give how many tasks")
    return int(check_number(name, number, 0, kind.most))


def _ignored(value: object, checks: tuple[str, ...]) -> frozenset[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"ignore={shown(value)} is no list of checks; give some of: {', '.join(checks)}")
    wanted = frozenset(name.strip() for text in names for name in text.split(","))
    if unknown := sorted(wanted - set(checks)):
        raise ValueError(f"ignore={shown(unknown[0])} is no check; give some of: {', '.join(checks)}")
    return wanted
