"""Why a task that waits is not running: what would have to change, the most decisive first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from musterq.circumstances import Circumstances, LimitNow
from musterq.limits import rate_text
from musterq.models import TaskStatus
from musterq.monitoring.explaining.reasons import (
    Reason,
    at,
    before,
    counted,
    facts_of,
    for_long,
    named,
    reason,
    seconds_between,
    span,
    suspect,
)
from musterq.monitoring.explaining.workers import busy_workers, no_worker
from musterq.records import TypeLimit


def waiting_reasons(found: Circumstances) -> list[Reason]:
    """Of a task that is scheduled or queued."""
    if found.task.status == TaskStatus.SCHEDULED:
        return [*_not_yet(found), *_payload(found), *_paused(found), *no_worker(found), *suspect(found, "runs next")]
    hindered = [*_hopeless(found), *_paused(found), *_key(found), *no_worker(found)]
    hindered += [*_limit(found), *_rate(found), *busy_workers(found), *_lane(found)]
    return [*(hindered or [_ready()]), *suspect(found, "runs next")]


# -- scheduled -------------------------------------------------------------------------------------
def _not_yet(found: Circumstances) -> Iterator[Reason]:
    task = found.task
    if isinstance(task.awaits, int) and task.awaits > 0:
        yield _awaits(found, task.awaits)
    elif task.run_after_utc is not None and task.run_after_utc <= found.now:
        since = for_long(task.run_after_utc, found.now)
        text = f"it has been due {since}, and is queued by the next claim, or within a second by any running worker"
        yield reason("due", text, due_utc=task.run_after_utc)
    elif task.run_after_utc is not None:
        yield _later(found)


def _awaits(found: Circumstances, awaits: int) -> Reason:
    words = f"it waits for {counted(awaits, 'task')}" + (" that is" if awaits == 1 else " that are") + " not completed"
    if found.awaited:
        words += f": {named(found.awaited)}"
    first = found.begins_with
    if first is not None:
        words += f"; what has to end first is {named([first])}"
    stands_at = None if first is None else facts_of([first])[0]
    return reason("awaits", words, awaits=awaits, tasks=facts_of(found.awaited), begins_with=stands_at)


def _later(found: Circumstances) -> Reason:
    task, last = found.task, found.attempts[-1] if found.attempts else None
    due = task.run_after_utc or found.now
    wait = seconds_between(found.now, due)
    when = {"due_utc": due, "seconds": wait}
    if not task.attempts or last is None or last.outcome != "failed":
        return reason("scheduled", f"it is due at {at(due)}, in {span(wait)}", **when)
    text = (
        f"attempt {task.attempts} of {task.max_attempts} failed on {last.worker_id or 'an unknown worker'}"
        f" ({last.error or 'no error was told'}), and it is tried again at {at(due)}, in {span(wait)}"
    )
    return reason("retry", text, **when, attempt=task.attempts, max_attempts=task.max_attempts, error=last.error)


# -- queued ----------------------------------------------------------------------------------------
def _hopeless(found: Circumstances) -> Iterator[Reason]:
    task = found.task
    expires = task.expires_at_utc
    if expires is not None and expires <= found.now and not task.attempts and not task.crashes:
        text = f"it has expired, since nobody started it by {at(expires)}: the next claim, or any worker, fails it"
        yield reason("expired", text, expires_at_utc=expires)
    yield from _payload(found)


def _payload(found: Circumstances) -> Iterator[Reason]:
    try:
        msgspec.json.decode(found.task.payload)
    except (msgspec.DecodeError, UnicodeError, TypeError, RecursionError) as error:
        text = f"its payload is not JSON ({error}), so that whoever claims it fails it: mend it by plain SQL"
        yield reason("broken_payload", text, error=str(error))


def _paused(found: Circumstances) -> Iterator[Reason]:
    since, type = found.paused_since, found.task.type
    if since is not None:
        resume = f"musterq resume {shlex.quote(type)}"
        text = f"its type {type} is paused {for_long(since, found.now)}; end that with: {resume}"
        yield reason("paused", text, since_utc=since, seconds=seconds_between(since, found.now))


def _key(found: Circumstances) -> Iterator[Reason]:
    key, name = found.key, found.task.concurrency_key
    if key is None:
        return
    text = f"{_all_places(key.places)} of its concurrency key {name} {_taken(key.places)} by task {named(key.holders)}"
    if key.before.count:
        text += f"; {before(key.before, 'held task')} {_are(key.before.count)} before it"
    yield reason(
        "concurrency_key",
        text,
        concurrency_key=name,
        places=key.places,
        holders=facts_of(key.holders),
        before=key.before.count,
        before_is_exact=key.before.exact,
    )


def _limit(found: Circumstances) -> Iterator[Reason]:
    limit = found.limit
    if limit is None or limit.max_running is None or limit.running < limit.max_running:
        return
    holders = f": task {named(limit.holders)}" if limit.holders else ""
    text = (
        f"of its type {found.task.type} at most {limit.max_running} may run at once,"
        f" and {limit.running} {_are(limit.running)} running{holders}"
    )
    facts = {"max_running": limit.max_running, "running": limit.running}
    yield reason("limit", text, **facts, holders=facts_of(limit.holders))


def _rate(found: Circumstances) -> Iterator[Reason]:
    limit = found.limit
    if limit is None or limit.seconds_to_token is None:
        return
    rate, wait = _rate_of(limit), round(limit.seconds_to_token, 3)
    text = f"of its type {found.task.type} at most {rate} may start, and the next one may in {span(wait)}"
    yield reason("rate", text, rate=rate, seconds=wait)


def _lane(found: Circumstances) -> Iterator[Reason]:
    place = found.place
    if place is None or not place.by_priority.count:
        return
    ahead, older = place.by_priority, place.by_id
    text = (
        f"{before(ahead, 'task')} of its lane {_are(ahead.count)} before it by priority"
        f" ({before(older, 'task')} for a worker that goes by age), of {place.waiting:,} that wait there"
    )
    yield reason(
        "lane",
        text,
        before=ahead.count,
        before_is_exact=ahead.exact,
        before_by_age=older.count,
        before_by_age_is_exact=older.exact,
        waiting=place.waiting,
    )


def _ready() -> Reason:
    return reason("ready", "nothing keeps it: it is the next one of its lane, and a worker may take it at any moment")


# -- words -----------------------------------------------------------------------------------------
def _rate_of(limit: LimitNow) -> str:
    return rate_text(TypeLimit(rate_count=limit.rate_count, rate_seconds=limit.rate_seconds)) or "none"


def _all_places(places: int) -> str:
    return "the one place" if places == 1 else f"all {places:,} places"


def _taken(places: int) -> str:
    return "is taken" if places == 1 else "are taken"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
