"""Health: what is wrong with the queue and its workers, how badly, since when, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, Unpack

from musterq.checks import check_worker_id
from musterq.monitoring.health import file, fleet, queue, workers
from musterq.monitoring.health.findings import SEVERITIES, Finding
from musterq.monitoring.health.sight import Sight
from musterq.monitoring.health.thresholds import HealthOptions, Thresholds, check_thresholds
from musterq.monitoring.part import Part

Check: TypeAlias = Callable[[Sight, Thresholds], Iterator[Finding]]

#: By the word that a finding has under ``check``, in the order in which equally bad ones are told.
OF_THE_QUEUE: Mapping[str, Check] = {
    "no_worker": fleet.no_worker,
    "missing": fleet.missing,
    "lost": workers.lost,
    "wedged": workers.wedged,
    "suspended": workers.suspended,
    "stale": workers.stale,
    "late": workers.late,
    "unservable": fleet.unservable,
    "failing": queue.failing,
    "failure_rate": queue.failure_rate,
    "oldest": queue.oldest,
    "overdue": queue.overdue,
    "schedule": queue.schedule,
    "growth": queue.growth,
    "paused": queue.paused,
    "crashed": queue.crashed,
    "rescued": queue.rescued,
    "refused": queue.refused,
}
#: These read no table, and may take longer: they come after the moment of which the others tell.
OF_THE_FILE: Mapping[str, Check] = {"disk": file.disk, "log": file.log}
CHECKS = (*OF_THE_QUEUE, *OF_THE_FILE)


class Health(Part):
    """What is not well."""

    def check_health(self, **thresholds: Unpack[HealthOptions]) -> list[dict[str, Any]]:
        """Return what is wrong, the worst first; an empty list: all is well. At the same small cost at any size.

        Args:
            thresholds: From where on something is a warning, and from where on it is critical: a pair, either of which
                may be None; a number is the warning alone; None: never. The guide on monitoring lists all, with their
                defaults. ``ignore``: checks that are not made, by their words.

        Returns a list of dicts with these keys:
            severity (str): ``critical`` or ``warning``.
            check (str): What was looked at, in a word, such as ``lost``, ``oldest`` or ``failing``.
            subject (str | None): The worker, type, schedule or expectation that it is about; None: the queue.
            what (str): What is wrong, in a sentence.
            since_utc (str | None): ``YYYY-MM-DD HH:MM:SS.mmm``, UTC, as far as it is known.
            advice (str): What to do, with the command to run.

        Raises:
            TypeError, ValueError: there is no such threshold, or its value cannot be.
            QueueDatabaseError: the database could not do it.
        """
        limits = check_thresholds(thresholds, CHECKS)
        sight = Sight(self._storage)
        found = self._storage.at_one_moment(lambda: list(_findings(OF_THE_QUEUE, sight, limits)))
        return _worst_first([*found, *_findings(OF_THE_FILE, sight, limits)])

    def check_worker(self, worker_id: str) -> list[dict[str, Any]]:
        """Return what is wrong with one worker, in the form of `check_health`; an empty list: it is alive and well.

        One that is to end or is late is a ``warning``; ``critical`` is one that is lost, wedged, suspended or stale, or
        that is not on the roll (``unknown``).

        Raises:
            TypeError, ValueError: this can be no worker's id.
            QueueDatabaseError: the database could not do it.
        """
        checked_id = check_worker_id(worker_id)
        worker = next((known for known in self._storage.worker_activity() if known.worker_id == checked_id), None)
        finding = workers.unknown(checked_id) if worker is None else workers.one(worker)
        return [] if finding is None else [finding.to_dict()]


def _findings(checks: Mapping[str, Check], sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    for word, check in checks.items():
        if word not in thresholds.ignore:
            yield from check(sight, thresholds)


def _worst_first(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    ranked = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return [finding.to_dict() for finding in ranked]
