"""The fleet: how many workers of a kind are meant to be at work, and what waits that none of them can take."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from musterq.checks import check_key, check_types, compatibility_text
from musterq.monitoring.part import Part
from musterq.monitoring.seconds import whole_seconds
from musterq.observations import Expectation, Turnout, Unservable
from musterq.scalars import check_count

MOST_WORKERS = 100_000


class Fleet(Part):
    """Who is meant to be at work, and what nobody can take.

    A worker counts as alive here while it takes tasks: its status is ``starting``, ``idle`` or ``busy``.
    """

    def expect_workers(
        self, name: str, count: int, types: Iterable[str] | None = None, capabilities: dict[str, Any] | None = None
    ) -> None:
        """Expect so many workers of a kind to be alive, so that `get_expectations` and `check_health` tell of fewer.

        Args:
            name: Of the expectation; one of the same name is replaced.
            count: How many workers; 0: the expectation is forgotten.
            types: Only workers that handle all these types count; None: whatever they handle.
            capabilities: Only workers that satisfy this count; it is written as the ``compatibility`` of a task.

        Raises:
            TypeError, ValueError: an argument is none of these; nothing was written.
            QueueDatabaseError: the database could not do it.
        """
        checked = check_key("name", name)
        number = check_count("count", count, MOST_WORKERS)
        handled, wanted = check_types(types), compatibility_text(capabilities, "capabilities")
        if number == 0:
            self._storage.forget_expectation(checked)
            return
        kinds = None if handled is None else tuple(sorted(handled))
        self._storage.expect_workers(Expectation(name=checked, count=number, types=kinds, capabilities=wanted))

    def get_expectations(self) -> list[dict[str, Any]]:
        """Return how each expectation is met, by name.

        Returns a list of dicts with these keys:
            name (str), expected (int), alive (int), missing (int): How many workers are alive, and how many fewer that
                are than were expected; 0 where there are enough.
            types (list[str] | None), capabilities (dict): What such a worker handles and satisfies.
            last_worker_id, last_host, last_reason, last_seen_utc (str | None): Who was the last of such workers that
                ceased to be alive, where it ran, why it ceased (its process died; it stopped, was removed, is wedged
                ...), and when it was last seen to be well (``YYYY-MM-DD HH:MM:SS.mmm``, UTC). All None: nobody did, or
                whoever did is back; the host is also None where no worker process registered it.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return [_turnout(turnout) for turnout in self._storage.expectations()]

    def get_unservable(self) -> list[dict[str, Any]]:
        """Return what waits and no worker that is alive could take, the longest waiting first.

        It is decided for all tasks of the same type and compatibility together, so it costs the same at any number of
        tasks. What is paused is not in it, nor what waits for its time or for a place of its concurrency key.

        Returns a list of dicts with these keys, one dict for each type and compatibility:
            type (str), compatibility (str): The latter is JSON text.
            waiting (int): How many tasks.
            oldest_age_seconds (int | None): How long the oldest of them has waited.
            reason (str): A sentence that says what those workers lack which come nearest: ``3 workers lack gpu``.
            misses (list[dict]): Workers that handle the type, the nearest first, those together that lack the same:
                ``workers`` (int), ``lacks`` (dict: what is asked and they do not satisfy), and ``has`` (dict: some of
                the different values that they have instead, in a list, by name). Empty: none handles it.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        return [_unservable(lane) for lane in self._storage.unservable()]


def _turnout(turnout: Turnout) -> dict[str, Any]:
    expectation, last = turnout.expectation, turnout.last
    return {
        "name": expectation.name,
        "expected": expectation.count,
        "alive": turnout.alive,
        "missing": turnout.missing,
        "types": None if expectation.types is None else list(expectation.types),
        "capabilities": json.loads(expectation.capabilities),
        "last_worker_id": None if last is None else last.worker_id,
        "last_host": None if last is None else last.host,
        "last_reason": None if last is None else last.reason,
        "last_seen_utc": None if last is None else last.last_seen_utc,
    }


def _unservable(lane: Unservable) -> dict[str, Any]:
    age = lane.oldest_age_seconds
    return {
        "type": lane.type,
        "compatibility": lane.compatibility,
        "waiting": lane.waiting,
        "oldest_age_seconds": None if age is None else whole_seconds(age),
        "reason": lane.shortfall.reason,
        "misses": [
            {
                "workers": miss.workers,
                "lacks": dict(miss.lacks),
                "has": {name: list(values) for name, values in miss.has.items()},
            }
            for miss in lane.shortfall.misses
        ],
    }
