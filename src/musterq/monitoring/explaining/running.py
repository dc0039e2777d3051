"""What becomes of a task that somebody holds: who, in which state, for how long yet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from musterq.circumstances import Circumstances
from musterq.models import WorkerActivity
from musterq.monitoring.explaining.reasons import Reason, for_long, reason, seconds_between, span, suspect

#: What follows from a state of its worker that is not a good one.
_TROUBLES = {
    "lost": "the next worker that looks gives it back to the queue",
    "suspended": "it goes on with its worker, or goes back to the queue when the lease is over",
    "wedged": "its worker may never end it: restart that",
    "stale": "it goes back to the queue when the lease is over",
    "late": "it goes back to the queue when the lease is over",
    "draining": "its worker ends it within its grace time, or gives it back",
}


def running_reasons(found: Circumstances) -> list[Reason]:
    """Of a task that is being processed, the most decisive first."""
    limits = list(_time_limits(found))
    over = [limit for limit in limits if limit["seconds_left"] < 0]
    yet = [limit for limit in limits if limit["seconds_left"] >= 0]
    bad = [*_trouble(found), *_lease_over(found), *over, *_cancel(found)]
    return [*bad, _holder(found), *yet, *_lease(found), *suspect(found, "runs")]


def _trouble(found: Circumstances) -> Iterator[Reason]:
    worker, follows = found.holder, _TROUBLES.get(found.holder.status if found.holder else "")
    if worker is None:
        name = found.task.locked_by
        text = "nobody holds it, by its row" if name is None else f"{name}, which holds it, is not on the roll"
        yield reason("worker_unknown", f"{text}: it goes back to the queue when the lease is over", worker_id=name)
    elif follows is not None:
        text = f"its worker {worker.worker_id} is {worker.status} ({worker.status_reason}): {follows}"
        yield reason(f"worker_{worker.status}", text, **_facts(worker))


def _holder(found: Circumstances) -> Reason:
    task = found.task
    facts = {
        **_facts(found.holder),
        "worker_id": task.locked_by,
        "since_utc": _since(found),
        "seconds": seconds_between(_since(found), found.now),
        "attempt": task.attempts,
        "max_attempts": task.max_attempts,
        "progress": task.progress,
        "progress_message": task.progress_message,
    }
    who, how_long = _who(found), for_long(_since(found), found.now)
    if task.processing_started_utc is None:
        return reason("claimed", f"{who} has taken it {how_long}, and has not begun with it", **facts)
    text = f"{who} runs it {how_long}, attempt {task.attempts} of {task.max_attempts}{_progress(found)}"
    return reason("running", text, **facts)


def _time_limits(found: Circumstances) -> Iterator[Reason]:
    started = found.task.processing_started_utc
    limits = {"time_limit": found.task.timeout_seconds, "hard_time_limit": found.task.hard_timeout_seconds}
    for slug, seconds in limits.items():
        if started is None or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            continue
        left = round(seconds - seconds_between(started, found.now), 3)
        name = slug.replace("_", " ")
        ends = f"ends in {span(left)}" if left >= 0 else f"has been over for {span(-left)}"
        yield reason(slug, f"its {name} of {seconds:g} s {ends}", limit_seconds=seconds, seconds_left=left)


def _lease_over(found: Circumstances) -> Iterator[Reason]:
    left = found.lease_seconds
    if left is not None and left <= 0:
        text = f"its lease has been over for {span(-left)}: the next claim, or any worker, takes it back"
        yield reason("lease_over", text, seconds_left=left)


def _lease(found: Circumstances) -> Iterator[Reason]:
    left = found.lease_seconds
    if left is not None and left > 0:
        whose = "that of its worker's heartbeat" if found.task.lease_until_utc is None else "its own"
        text = f"its lease, {whose}, holds for {span(left)} if no sign of life renews it"
        yield reason("lease", text, seconds_left=left)


def _cancel(found: Circumstances) -> Iterator[Reason]:
    if found.task.cancel_requested:
        text = "somebody has asked for its end: its handler is told, and it ends as cancelled unless it completes first"
        yield reason("cancel_requested", text)


def _since(found: Circumstances) -> datetime:
    task = found.task
    return task.processing_started_utc or task.reserved_at_utc or task.updated_at_utc or found.now


def _who(found: Circumstances) -> str:
    worker = found.holder
    if worker is None:
        return found.task.locked_by or "nobody who is known"
    where = "" if worker.pid is None else f", process {worker.pid} on {worker.host}"
    return f"{worker.worker_id} ({worker.status}{where})"


def _progress(found: Circumstances) -> str:
    task = found.task
    if not isinstance(task.progress, int | float):
        return ""
    said = f" ({task.progress_message})" if task.progress_message else ""
    return f", and is at {task.progress * 100:.0f} %{said}"


def _facts(worker: WorkerActivity | None) -> dict[str, object]:
    if worker is None:
        return {"worker_id": None, "worker_status": None, "worker_reason": None, "host": None, "pid": None}
    return {
        "worker_id": worker.worker_id,
        "worker_status": worker.status,
        "worker_reason": worker.status_reason,
        "host": worker.host,
        "pid": worker.pid,
    }
