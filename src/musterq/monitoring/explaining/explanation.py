"""Why a task is where it is."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from musterq.circumstances import Attempt, Circumstances, KeptLine
from musterq.clock import datetime_to_text
from musterq.models import FINISHED, Task, TaskStatus
from musterq.monitoring.explaining.ended import end_reasons
from musterq.monitoring.explaining.reasons import Reason, plain, reason, seconds_between
from musterq.monitoring.explaining.running import running_reasons
from musterq.monitoring.explaining.waiting import waiting_reasons
from musterq.monitoring.ledger import entry_document
from musterq.monitoring.part import Part
from musterq.scalars import check_id

LOG_LINES = 20
_AS_CLAIMS_READ_THEM = ("payload", "compatibility")
_WAITS = (TaskStatus.SCHEDULED, TaskStatus.QUEUED)


class Explaining(Part):
    """Why a task is not running, who runs it, or why it ended so."""

    def explain(self, task_id: int) -> dict[str, Any] | None:
        """Return why a task is where it is; None if there is no such task. It costs the same at any size of the queue.

        Returns a dict with these keys; all of it is of one moment:
            task_id (int), type (str), status (str): The task.
            summary (str): One sentence, with the most decisive reason.
            reasons (list[dict]): Each has ``reason`` (str, a word for programs), ``text`` (str, for people) and facts
                of its own; the most decisive first. All that hold at once are there.
            attempts (list[dict]): The last 100, oldest first: ``attempt`` (int), ``outcome`` (str: ``failed``,
                ``cancelled``, ``lost`` if its process died, ``completed``, and for one that is not over ``running`` or
                ``claimed``), ``worker_id`` (str | None), ``started_at_utc``, ``finished_at_utc`` (str | None),
                ``run_seconds`` (float | None), ``error``, ``traceback`` (str | None), and, where they are known of a
                process that died, ``signal``, ``exit_code`` and ``peak_bytes`` (int | None).
            rescues (list[dict]): Its entries in the ledger, newest first, as `get_ledger` gives them; 100 at most.
            logs (list[dict]): The last 20 lines of its log, oldest first: ``at_utc`` (str), ``level`` (str),
                ``message`` (str | None), ``details`` (decoded JSON).

        Raises:
            TypeError, ValueError: this can be no task's id.
            QueueDatabaseError: the database could not do it.
        """
        found = self._storage.circumstances(check_id("task_id", task_id), LOG_LINES)
        return None if found is None else _document(_readable(found))


def _readable(found: Circumstances) -> Circumstances:
    """The same with text where plain SQL has put in bytes."""
    task = msgspec.structs.asdict(found.task)
    texts = plain(task) | {name: task[name] for name in _AS_CLAIMS_READ_THEM}
    attempts = tuple(Attempt(**plain(msgspec.structs.asdict(attempt))) for attempt in found.attempts)
    return msgspec.structs.replace(found, task=Task(**texts), attempts=attempts)


def _document(found: Circumstances) -> dict[str, Any]:
    task, reasons = found.task, _reasons(found)
    return {
        "task_id": task.id,
        "type": task.type,
        "status": task.status,
        "summary": _summary(task, reasons),
        "reasons": reasons,
        "attempts": [*map(_attempt_document, found.attempts), *_own_attempt(found)],
        "rescues": [plain(entry_document(entry)) for entry in found.rescues],
        "logs": [_line_document(line) for line in found.logs],
    }


def _reasons(found: Circumstances) -> list[Reason]:
    status = found.task.status
    if status in _WAITS:
        return waiting_reasons(found)
    if status == TaskStatus.PROCESSING:
        return running_reasons(found)
    if status in FINISHED:
        return end_reasons(found)
    text = "its status is none that a worker knows; plain SQL put that in, and can put 'queued' in"
    return [reason("unknown_status", text)]


def _summary(task: Task, reasons: list[Reason]) -> str:
    others = [found["reason"].replace("_", " ") for found in reasons[1:]]
    also = f" (also: {', '.join(others)})" if others and task.status in _WAITS else ""
    return f"task {task.id} ({task.type}) is {task.status}: {reasons[0]['text']}{also}"


def _attempt_document(attempt: Attempt) -> dict[str, Any]:
    started, finished = attempt.started_at_utc, attempt.finished_at_utc
    return {
        **msgspec.structs.asdict(attempt),
        "started_at_utc": None if started is None else datetime_to_text(started),
        "finished_at_utc": None if finished is None else datetime_to_text(finished),
        "run_seconds": None if started is None or finished is None else seconds_between(started, finished),
    }


def _line_document(line: KeptLine) -> dict[str, Any]:
    values = plain(msgspec.structs.asdict(line))
    return {**values, "at_utc": datetime_to_text(line.at_utc), "details": _decoded(values["details"])}


def _own_attempt(found: Circumstances) -> list[dict[str, Any]]:
    """The attempt that stands in the row of the task: the one that completed it, or that is not over."""
    task, outcome = found.task, None
    if task.status == TaskStatus.COMPLETED:
        outcome = "completed"
    elif task.status == TaskStatus.PROCESSING:
        outcome = "claimed" if task.processing_started_utc is None else "running"
    if outcome is None:
        return []
    own = Attempt(
        attempt=task.attempts,
        outcome=outcome,
        worker_id=task.locked_by,
        started_at_utc=task.processing_started_utc,
        finished_at_utc=task.finished_at_utc if outcome == "completed" else None,
    )
    document = _attempt_document(own)
    if outcome == "running" and own.started_at_utc is not None:
        document["run_seconds"] = seconds_between(own.started_at_utc, found.now)
    return [document]


def _decoded(details: Any) -> Any:
    """The value of JSON text; what plain SQL put in and is none stays as it is."""
    try:
        return json.loads(details) if isinstance(details, str) else details
    except (ValueError, RecursionError):
        return details
