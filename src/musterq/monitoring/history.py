"""The history: all that ever happened, and what happened when, for charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from musterq.clock import epoch_to_text
from musterq.histogram import quantile
from musterq.monitoring.history_range import range_of
from musterq.monitoring.part import Part
from musterq.monitoring.times import QUANTILES, RUNS, merged, with_buckets
from musterq.observations import TALLIED, HistoryCell, HistoryRange, Tally
from musterq.scalars import check_word, shown

Tallies = Mapping[str, Tally]

FINISHED = ("completed", "failed", "cancelled", "expired")
OF_WORKERS = ("active_workers", "utilisation")
_NOTHING = Tally()


class Metric(NamedTuple):
    """One thing that can be drawn: of what tallies, whether with their times, its unit, and how it is reckoned."""

    what: tuple[str, ...]
    timed: bool
    unit: str
    value: Callable[[Tallies, int], float | None]


class History(Part):
    """What happened."""

    def get_totals(self, by: Literal["type"] | None = "type") -> dict[str, Any]:
        """Return how often each thing ever happened. It outlives tasks that are pruned and never goes down.

        Args:
            by: ``"type"``: a dict of type to what is described below; None: that of all types together.

        Returns a dict with these keys:
            enqueued, started, completed, failed, cancelled, expired, retried, released, rescued, crashed, refused
                (int): How often a task was put in; an attempt began; a task was completed, failed for good, was
                cancelled, was not started in time; an attempt failed and another one follows; was given back after its
                start; was taken from a lost worker or an overdue lease; lost its process while it ran; ended too late,
                when its claim was held no longer.
            wait_seconds (dict): From when tasks could run, created or due, to their claims: ``count`` (int), ``sum``
                (float), ``avg``, ``p50``, ``p95``, ``p99`` (float | None: there are none yet; at most 13 % off), and
                ``buckets``: how many (int) there are of each bucket by its upper bound in seconds (float).
            run_seconds (dict): The same of attempts from their start to their end: completed, failed and retried ones.

        Raises:
            TypeError, ValueError: ``by`` is none of these.
            QueueDatabaseError: the database could not do it.
        """
        by_type = _is_by_type(by)
        found = self._storage.totals(by_type=by_type)
        if by_type:
            return {type: _totals(found[type]) for type in sorted(found)}
        return _totals(found.get("", {}))

    def get_history(
        self,
        metric: str,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        step: float | None = None,
        by: Literal["type"] | None = None,
    ) -> dict[str, Any]:
        """Return how something went over time, for a chart.

        Args:
            metric: One of those that `get_totals` counts (how often in each step); ``finished`` (completed, failed,
                cancelled and expired together); ``throughput`` (of these, per second); ``wait_avg``, ``wait_p50``,
                ``wait_p95``, ``wait_p99``, ``run_avg`` and so on (seconds, of what began or ended in the step);
                ``failure_rate`` (failed of completed + failed); ``depth`` (queued tasks), ``active_workers``,
                ``utilisation`` (running tasks over places for them, 0 to 1): the means of a look each minute.
            since: When it begins: an aware datetime, or so many seconds ago. None: an hour ago.
            until: When it ends, likewise. None: now. The step in which it falls is included.
            step: Seconds of one step: whole minutes; whole hours for what is older than two days, whole days for what
                is older than sixty. None: as many as make about sixty steps.
            by: ``"type"``: a series for each type; None: one of all types together.

        Returns a dict with these keys:
            metric (str), unit (str): ``tasks``, ``tasks per second``, ``seconds``, ``share`` or ``workers``.
            step_seconds (int).
            times (list[str]): When each step begins, ``YYYY-MM-DD HH:MM:SS.mmm``, UTC; the last one may not be over.
            series (list[dict]): By type: ``type`` (str | None) and ``values``, one for each step (int | float | None:
                nothing is known of it; where something is counted, nothing is 0).

        Raises:
            TypeError, ValueError: an argument is none of these; the message says what can be given.
            QueueDatabaseError: the database could not do it.
        """
        wanted = METRICS[check_word("metric", metric, METRICS)]
        by_type = _is_by_type(by, metric)
        within = range_of(self._storage.clock.time(), since, until, step)
        return _chart(metric, wanted, within, self._tallies(wanted, within, by_type=by_type), by_type=by_type)

    def _tallies(
        self, metric: Metric, within: HistoryRange, *, by_type: bool
    ) -> dict[str, dict[int, dict[str, Tally]]]:
        """By type, step, and what."""
        found: dict[str, dict[int, dict[str, Tally]]] = {} if by_type else {"": {}}
        for cell in self._storage.history(metric.what, within, by_type=by_type, timed=metric.timed):
            found.setdefault(cell.type, {}).setdefault(cell.place, {})[cell.what] = cell.tally
        if by_type and "depth" in metric.what:
            looks = self._storage.history(metric.what, within, by_type=False, timed=False)
            return {type: _at_each_look(looks, steps) for type, steps in found.items()}
        return found


def _is_by_type(by: object, metric: str | None = None) -> bool:
    if by not in (None, "type"):
        raise ValueError(f'by={shown(by)} is unknown; give "type" or None')
    if by is not None and metric in OF_WORKERS:
        raise ValueError(f"by='type' has no meaning for {metric!r}, which is of workers; give by=None")
    return by is not None


def _chart(
    name: str, metric: Metric, within: HistoryRange, found: Mapping[str, Mapping[int, Tallies]], *, by_type: bool
) -> dict[str, Any]:
    return {
        "metric": name,
        "unit": metric.unit,
        "step_seconds": within.step_seconds,
        "times": [epoch_to_text(within.start + at * within.step_seconds) for at in range(within.steps)],
        "series": [
            {"type": type if by_type else None, "values": _values(metric, found[type], within)}
            for type in sorted(found)
        ],
    }


def _at_each_look(looks: Sequence[HistoryCell], steps: Mapping[int, Tallies]) -> dict[int, dict[str, Tally]]:
    """What was seen of one type, with the looks at which there was nothing of it."""
    return {
        look.place: {look.what: Tally(n=look.tally.n, ms=steps.get(look.place, {}).get(look.what, _NOTHING).ms)}
        for look in looks
    }


def _totals(tallies: Tallies) -> dict[str, Any]:
    counts = {what: tallies.get(what, _NOTHING).n for what in TALLIED}
    return {
        **counts,
        "wait_seconds": with_buckets(tallies.get("started", _NOTHING)),
        "run_seconds": with_buckets(merged(tallies.get(what) for what in RUNS)),
    }


def _values(metric: Metric, steps: Mapping[int, Tallies], within: HistoryRange) -> list[float | None]:
    return [metric.value(steps.get(at, {}), within.step_seconds) for at in range(within.steps)]


def _count(what: Sequence[str]) -> Callable[[Tallies, int], float | None]:
    return lambda tallies, _step: sum(tallies[name].n for name in what if name in tallies)


def _per_second(tallies: Tallies, step: int) -> float:
    return sum(tallies[name].n for name in FINISHED if name in tallies) / step


def _mean(what: Sequence[str]) -> Callable[[Tallies, int], float | None]:
    def value(tallies: Tallies, _step: int) -> float | None:
        times = merged(tallies.get(name) for name in what)
        timed = sum(times.buckets.values())
        return times.ms / timed / 1000 if timed else None

    return value


def _percentile(what: Sequence[str], share: float) -> Callable[[Tallies, int], float | None]:
    return lambda tallies, _step: quantile(merged(tallies.get(name) for name in what).buckets, share)


def _failure_rate(tallies: Tallies, _step: int) -> float | None:
    completed, failed = (tallies.get(name, _NOTHING).n for name in ("completed", "failed"))
    return failed / (completed + failed) if completed + failed else None


def _gauge(name: str) -> Callable[[Tallies, int], float | None]:
    def value(tallies: Tallies, _step: int) -> float | None:
        looks = tallies.get(name)
        return looks.ms / looks.n if looks is not None and looks.n > 0 else None

    return value


def _timed(name: str, what: tuple[str, ...]) -> dict[str, Metric]:
    percentiles = {
        f"{name}_{percentile}": Metric(what, timed=True, unit="seconds", value=_percentile(what, share))
        for percentile, share in QUANTILES.items()
    }
    return {f"{name}_avg": Metric(what, timed=True, unit="seconds", value=_mean(what)), **percentiles}


METRICS: Mapping[str, Metric] = {
    **{what: Metric((what,), timed=False, unit="tasks", value=_count((what,))) for what in TALLIED},
    "finished": Metric(FINISHED, timed=False, unit="tasks", value=_count(FINISHED)),
    "throughput": Metric(FINISHED, timed=False, unit="tasks per second", value=_per_second),
    **_timed("wait", ("started",)),
    **_timed("run", RUNS),
    "failure_rate": Metric(("completed", "failed"), timed=False, unit="share", value=_failure_rate),
    "depth": Metric(("depth",), timed=False, unit="tasks", value=_gauge("depth")),
    "active_workers": Metric(("active_workers",), timed=False, unit="workers", value=_gauge("active_workers")),
    "utilisation": Metric(("utilisation",), timed=False, unit="share", value=_gauge("utilisation")),
}
