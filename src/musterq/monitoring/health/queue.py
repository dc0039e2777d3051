"""The checks of tasks, and of what moves them: each is what is wrong, in one respect."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from musterq.clock import datetime_to_text
from musterq.durations import duration
from musterq.monitoring.health.findings import Finding, counted
from musterq.monitoring.health.sight import Sight
from musterq.monitoring.health.thresholds import WARNING, Bounds, Thresholds

_MOST_NAMED = 3


def oldest(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Types whose oldest queued task has waited for long; one that is paused waits for its own reason."""
    for type, age in sight.oldest.items():
        severity = thresholds.oldest.severity(age)
        if severity is not None and type not in sight.paused:
            yield Finding(
                severity=severity,
                check="oldest",
                subject=type,
                what=f"the oldest queued task of type {type} has waited for {duration(age)}",
                since_utc=sight.ago(age),
                advice=(
                    f"see which wait (musterq tasks --type {shlex.quote(type)} --status queued) and what for"
                    " (musterq explain ID), or start more workers"
                ),
            )


def paused(sight: Sight, _: Thresholds) -> Iterator[Finding]:
    """Paused types that tasks wait of."""
    for type in sorted(sight.paused & sight.queued.keys()):
        yield Finding(
            severity=WARNING,
            check="paused",
            subject=type,
            what=f"type {type} is paused, with {counted(sight.queued[type], 'task')} of it queued",
            advice=f"when it may go on: musterq resume {shlex.quote(type)}",
        )


def overdue(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Scheduled tasks that came due and that nobody queues."""
    age = sight.storage.overdue_seconds()
    severity = thresholds.overdue.severity(age)
    if age is not None and severity is not None:
        yield Finding(
            severity=severity,
            check="overdue",
            what=f"a scheduled task has been due for {duration(age)}, and nobody queues it",
            since_utc=sight.ago(age),
            advice="start a worker or a supervisor, which does it: musterq worker MODULE:QUEUE",
        )


def schedule(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Schedules whose tick is over, and nobody ticks."""
    for due in sight.storage.due_schedules():
        age = (sight.now - due.next_at).total_seconds()
        severity = thresholds.schedule.severity(age)
        if severity is not None:
            yield Finding(
                severity=severity,
                check="schedule",
                subject=due.name,
                what=f"schedule {due.name} should have ticked {duration(age)} ago, and nobody ticks it",
                since_utc=datetime_to_text(due.next_at),
                advice=(
                    "start a worker or a supervisor, which does it, or look for schedule.failed in their logs;"
                    f" if it is not wanted: musterq schedules --remove {shlex.quote(due.name)}"
                ),
            )


def failure_rate(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Many of the tasks that ended in the last hour failed."""
    failures = sight.hour["failed"]
    failed, completed = sum(failures.values()), sum(sight.hour["completed"].values())
    ended = failed + completed
    severity = thresholds.failure_rate.severity(failed / ended) if failed and ended else None
    if severity is not None and ended >= thresholds.least_finished:
        yield Finding(
            severity=severity,
            check="failure_rate",
            what=f"{failed / ended:.0%} of the {counted(ended, 'task')} of the last hour failed: {_most(failures)}",
            advice="see why: musterq tasks --status failed, and musterq explain ID",
        )


def failing(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Types whose last attempts all failed."""
    for type, failures in sight.failed_in_a_row.items():
        severity = thresholds.failing.severity(failures)
        if severity is not None:
            yield Finding(
                severity=severity,
                check="failing",
                subject=type,
                what=f"type {type} is failing: the last {counted(failures, 'attempt')} of it failed",
                advice=(
                    f"see which (musterq tasks --type {shlex.quote(type)}) and why (musterq explain ID);"
                    f" until it is mended: musterq pause {shlex.quote(type)}; then: musterq retry ID"
                ),
            )


def growth(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Many more tasks are queued than an hour ago."""
    now = sum(sight.queued.values())
    if now < thresholds.least_queued or thresholds.growth == Bounds():
        return
    then = sight.depth_an_hour_ago
    severity = None if then is None else thresholds.growth.severity(now / max(then, 1.0))
    if then is not None and severity is not None:
        yield Finding(
            severity=severity,
            check="growth",
            what=f"the queue grows: {counted(now, 'task')} queued now, and {then:,.0f} an hour ago",
            advice="start more workers, or see what comes in: musterq metrics",
        )


def rescued(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Tasks were taken from processes that died or were too late."""
    return _happened(sight, "rescued", thresholds.rescued, "taken back from a process that died or was too late")


def crashed(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Processes died under their tasks."""
    return _happened(sight, "crashed", thresholds.crashed, "running when its process died")


def refused(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Finishes came too late."""
    return _happened(sight, "refused", thresholds.refused, "finished by a worker that held it no more, for nothing")


def _happened(sight: Sight, what: str, bounds: Bounds, words: str) -> Iterator[Finding]:
    by_type = sight.hour[what]
    n = sum(by_type.values())
    severity = bounds.severity(n) if n else None
    if severity is not None:
        yield Finding(
            severity=severity,
            check=what,
            what=f"{counted(n, 'time')} in the last hour a task was {words}: {_most(by_type)}",
            advice="see which, from whom and why: musterq ledger",
        )


def _most(by_type: Mapping[str, int]) -> str:
    """The types with the most: ``30 image, 2 mail, 5 of others``."""
    ranked = sorted(((n, type) for type, n in by_type.items() if n), key=lambda item: (-item[0], item[1]))
    others = sum(n for n, _ in ranked[_MOST_NAMED:])
    named = [f"{n:,} {type or 'of unknown type'}" for n, type in ranked[:_MOST_NAMED]]
    return ", ".join([*named, f"{others:,} of others"] if others else named)
