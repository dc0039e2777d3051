"""A reason why a task is where it is: a word for programs, a sentence for people, and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from musterq.circumstances import Before, Circumstances, OtherTask
from musterq.clock import datetime_to_text
from musterq.durations import duration

Reason = dict[str, Any]

_TO_THE_SECOND = len("YYYY-MM-DD HH:MM:SS")
_NAMED = 5  # in a sentence; the facts have more


def reason(slug: str, text: str, **facts: Any) -> Reason:
    """A reason as a plain dict; moments among the facts become text."""
    told = {name: datetime_to_text(fact) if isinstance(fact, datetime) else fact for name, fact in facts.items()}
    return {"reason": slug, "text": text, **told}


def at(moment: datetime) -> str:
    """``2026-11-24 12:00:00 UTC``."""
    return f"{datetime_to_text(moment)[:_TO_THE_SECOND]} UTC"


def seconds_between(earlier: datetime, later: datetime) -> float:
    """To the millisecond; negative, if they are the other way round."""
    return round((later - earlier).total_seconds(), 3)


def span(seconds: float) -> str:
    """``0.25 s``, ``4 s``, ``3 minutes 12 seconds``."""
    return f"{max(seconds, 0.0):.2g} s" if seconds < 9.5 else duration(round(seconds))  # noqa: PLR2004  # two digits


def for_long(since: datetime, now: datetime) -> str:
    """``since 2026-11-24 12:00:00 UTC (3 minutes)``."""
    return f"since {at(since)} ({span(seconds_between(since, now))})"


def counted(number: int, what: str) -> str:
    """``1 task``, ``1,200 tasks``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def before(number: Before, what: str) -> str:
    """``12 tasks``, or ``at least 10,000 tasks`` where counting stopped there."""
    return f"{'' if number.exact else 'at least '}{counted(number.count, what)}"


def named(tasks: Sequence[OtherTask]) -> str:
    """``5 (sync) on worker-01, 6 (sync), which is queued``; the first few."""
    words = [_name(task) for task in tasks[:_NAMED]]
    return ", ".join(words) + (" and others" if len(tasks) > _NAMED else "")


def facts_of(tasks: Sequence[OtherTask]) -> list[dict[str, Any]]:
    """The same as facts: ``id``, ``type``, ``status`` and ``worker_id``."""
    return [plain(msgspec.structs.asdict(task)) for task in tasks]


def suspect(found: Circumstances, runs: str) -> Iterator[Reason]:
    """Its process died while it ran; ``runs`` says when it is alone."""
    task = found.task
    if task.suspect:
        crashes = f"crashes: {task.crashes} of {task.max_crashes}"
        text = f"its process has died while it ran ({crashes}), so that it {runs} alone in a child process"
        yield reason("suspect", text, crashes=task.crashes, max_crashes=task.max_crashes)


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """The same with text where plain SQL has put in bytes."""
    return {
        name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _name(task: OtherTask) -> str:
    where = f"on {task.worker_id}" if task.status == "processing" and task.worker_id else f"which is {task.status}"
    return f"{task.id} ({task.type}) {where}" if where.startswith("on ") else f"{task.id} ({task.type}), {where}"
