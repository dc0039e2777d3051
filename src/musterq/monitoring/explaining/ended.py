"""Why a task ended so."""

from __future__ import annotations

import re

from musterq.circumstances import Attempt, Circumstances
from musterq.durations import run_time
from musterq.models import Task, TaskStatus
from musterq.monitoring.explaining.reasons import Reason, at, reason, seconds_between

_BECAUSE_OF = re.compile(r"(?:not started|cannot start): task (\d+)")


def end_reasons(found: Circumstances) -> list[Reason]:
    """Of a task that has finished."""
    if found.task.status == TaskStatus.COMPLETED:
        return [_completed(found)]
    return [_failed(found) if found.task.status == TaskStatus.FAILED else _cancelled(found)]


def _completed(found: Circumstances) -> Reason:
    task = found.task
    seconds = None
    if task.processing_started_utc is not None and task.finished_at_utc is not None:
        seconds = seconds_between(task.processing_started_utc, task.finished_at_utc)
    took = "" if seconds is None else f" in {run_time(seconds)}"
    text = f"{task.locked_by or 'somebody'} completed it{took} on attempt {task.attempts} of {task.max_attempts}"
    return reason("completed", text + _when(found), worker_id=task.locked_by, run_seconds=seconds, **_facts(found))


def _failed(found: Circumstances) -> Reason:
    task, last = found.task, _last(found)
    error = task.error_message or "no error was told"
    facts = {"error": task.error_message, **_facts(found)}
    for slug in ("expired", "broken payload"):
        if last is None and error.startswith(f"{slug}:"):
            return reason(slug.replace(" ", "_"), error + _when(found), **facts)
    if last is None:
        how = ", and no attempt tells why" if _was_started(found) else " without having been started"
        return reason("failed", f"it failed{how}: {error}" + _when(found), **facts)
    who = last.worker_id or "an unknown worker"
    if last.outcome == "lost":
        text = f"its budget of crashes ({task.max_crashes}) is used up: {error}"
        return reason("crashes", text + _when(found), **facts)
    if _used_up(task):
        text = f"its attempts ({task.max_attempts}) are used up; the last one failed on {who}: {error}"
        return reason("attempts", text + _when(found), **facts)
    text = f"attempt {task.attempts} of {task.max_attempts} failed on {who} for good: {error}"
    return reason("permanent", text + _when(found), **facts)


def _cancelled(found: Circumstances) -> Reason:
    task, last = found.task, _last(found)
    error = task.error_message
    facts = {"error": error, **_facts(found)}
    because = _BECAUSE_OF.match(error or "")
    if because is not None:
        return reason("forerunner", f"{error}{_when(found)}", **facts, task_id=int(because[1]))
    if last is None and task.cancel_requested:
        text = "somebody asked for its end while a worker held it, which gave it back instead of completing it"
        return reason("cancelled_running", text + _when(found), **facts)
    if last is None:
        waited = "after an attempt, while it waited" if _was_started(found) else "before it was started"
        return reason("cancelled", f"somebody cancelled it {waited}{_when(found)}", **facts)
    who, told = last.worker_id or "an unknown worker", "" if error is None else f": {error}"
    if task.cancel_requested:
        text = f"somebody asked for its end while {who} ran it{told}"
        return reason("cancelled_running", text + _when(found), **facts)
    return reason("cancelled_by_handler", f"its handler cancelled it on {who}{told}{_when(found)}", **facts)


def _last(found: Circumstances) -> Attempt | None:
    """The attempt that the task ended with; None: it ended while nobody ran it."""
    last, ended = found.attempts[-1] if found.attempts else None, found.task.finished_at_utc
    return last if last is not None and last.finished_at_utc == ended else None


def _was_started(found: Circumstances) -> bool:
    return bool(found.attempts or found.task.attempts or found.task.processing_started_utc)


def _used_up(task: Task) -> bool:
    """Whether it has no attempt left; plain SQL can put in what is no number."""
    budget = (task.attempts, task.max_attempts)
    return all(isinstance(number, int) for number in budget) and task.attempts >= task.max_attempts


def _facts(found: Circumstances) -> dict[str, object]:
    task = found.task
    return {
        "finished_at_utc": task.finished_at_utc,
        "attempts": task.attempts,
        "max_attempts": task.max_attempts,
        "crashes": task.crashes,
        "max_crashes": task.max_crashes,
    }


def _when(found: Circumstances) -> str:
    ended = found.task.finished_at_utc
    return "" if ended is None else f" (at {at(ended)})"
