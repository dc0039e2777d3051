"""The checks of the fleet: who is missing, and what nobody can take."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from musterq.monitoring.health.findings import Finding, counted
from musterq.monitoring.health.sight import Sight, as_text
from musterq.monitoring.health.thresholds import CRITICAL, WARNING, Thresholds
from musterq.observations import Turnout, Unservable


def no_worker(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Tasks wait, and no worker takes any; for a moment that is well, since one may be about to start."""
    waiting = {type: n for type, n in sight.queued.items() if type not in sight.paused}
    age = max((sight.oldest.get(type, 0.0) for type in waiting), default=None)
    severity = thresholds.no_worker.severity(age)
    if severity is not None and not sight.taking:
        out = Counter(worker.status for worker in sight.activity)
        states = ", ".join(f"{n} {status}" for status, n in sorted(out.items()))
        yield Finding(
            severity=severity,
            check="no_worker",
            what=(
                f"{counted(sum(waiting.values()), 'task')} queued, and no worker takes tasks"
                f" ({states or 'none is on the roll'})"
            ),
            since_utc=max((worker.status_since_utc for worker in sight.activity), default=None),
            advice="start a worker: musterq worker MODULE:QUEUE",
        )


def missing(sight: Sight, _: Thresholds) -> Iterator[Finding]:
    """Fewer workers are at work than are expected."""
    for turnout in sight.storage.expectations():
        if turnout.missing:
            name, wanted = turnout.expectation.name, turnout.expectation.count
            yield Finding(
                severity=WARNING if turnout.alive else CRITICAL,
                check="missing",
                subject=name,
                what=f"workers missing of those expected as {name}: {turnout.missing} of {wanted}{_last(turnout)}",
                since_utc=None if turnout.last is None else turnout.last.last_seen_utc,
                advice=(
                    f"start {counted(turnout.missing, 'more such worker')} (musterq expect lists which), or, if they"
                    f" are not to come back: musterq expect {shlex.quote(name)} --forget"
                ),
            )


def unservable(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Tasks wait that no worker can take; where no worker takes any, that says it all."""
    if not sight.taking:
        return
    for lane in sight.storage.unservable():
        severity = thresholds.unservable.severity(lane.oldest_age_seconds or 0.0)
        if severity is not None:
            type = as_text(lane.type)
            yield Finding(
                severity=severity,
                check="unservable",
                subject=type,
                what=(
                    f"no worker can take {counted(lane.waiting, 'queued task')} of type {type}{_asking(lane)}:"
                    f" {lane.shortfall.reason}"
                ),
                since_utc=None if lane.oldest_age_seconds is None else sight.ago(lane.oldest_age_seconds),
                advice=(
                    "start a worker that can (musterq unservable lists what others lack), or take such tasks out:"
                    f" musterq tasks --type {shlex.quote(type)} --status queued, then musterq cancel ID"
                ),
            )


def _last(turnout: Turnout) -> str:
    if turnout.last is None:
        return ""
    place = "" if turnout.last.host is None else f" on {turnout.last.host}"
    return f"; the last that went is {turnout.last.worker_id}{place}: {turnout.last.reason}"


def _asking(lane: Unservable) -> str:
    return "" if lane.compatibility == "{}" else f" asking for {lane.compatibility}"
