"""A worker or a task from close by, as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from musterq.cli.tables import STYLES
from musterq.cli.top.cells import Cell, Line, clean, labelled
from musterq.cli.top.figures import age_of, time_of
from musterq.cli.top.sheet import Look
from musterq.cli.top.sheets.workers import in_flight
from musterq.cli.top.snapshot import TaskDetail, WorkerDetail
from musterq.clock import datetime_to_text
from musterq.models import Task

_LABEL = 13
_SECONDS = len("YYYY-MM-DD HH:MM:SS")
_LAST_TAKEN = 3
_TIMES = {
    "created_at_utc": "created",
    "run_after_utc": "due",
    "processing_started_utc": "started",
    "finished_at_utc": "finished",
    "expires_at_utc": "expires",
}
_TEXTS = {
    "locked_by": "worker",
    "error_message": "error",
    "payload": "payload",
    "result": "result",
    "compatibility": "asks for",
}


def worker_lines(detail: WorkerDetail, look: Look, width: int) -> Iterator[Line]:
    """What a worker is and does, and what was taken from it last."""
    worker = detail.activity
    if worker is None:
        yield [Cell(clean(detail.worker_id), "bold"), Cell(" is not on the roll: it has ended, or was removed", "red")]
    else:
        yield [Cell(clean(detail.worker_id), "bold"), Cell(f"  {worker['status']}", STYLES.get(worker["status"], ""))]
        for label, text in _worker_facts(worker, look):
            yield from _fact(label, text, width)
    for entry in detail.ledger[:_LAST_TAKEN]:
        yield from _fact(f"{entry['event']}", _taken(entry), width, "yellow")
    yield []


def _worker_facts(worker: Mapping[str, Any], look: Look) -> Iterator[tuple[str, str]]:
    yield "state", f"{worker['status_reason']}, since {worker['status_since_utc'][:_SECONDS]} UTC"
    beat = age_of(worker["seconds_since_heartbeat"], look.symbols.nothing)
    yield "beat", f"{beat} ago; tasks {in_flight(worker)}"
    process = {name: worker.get(name) for name in ("host", "pid", "version", "strategy", "python", "sqlite")}
    if told := "  ".join(f"{name} {value}" for name, value in process.items() if value is not None):
        yield "process", told
    types = worker.get("types")
    yield "types", "all" if types is None else ", ".join(types)
    yield "capabilities", worker["capabilities"]


def _taken(entry: Mapping[str, Any]) -> str:
    return f"{entry['at_utc'][:_SECONDS]}  task {entry['task_id']}, {entry['reason']}; became {entry['became']}"


def task_lines(detail: TaskDetail, look: Look, width: int) -> Iterator[Line]:
    """All that is known of a task, and why it is where it is."""
    task, told = detail.task, detail.explanation
    if task is None or told is None:
        yield [Cell(f"there is no task {detail.task_id}", "red")]
        return
    yield [
        Cell(f"task {task.id}  {clean(task.type)}", "bold"),
        Cell(f"  {task.status}", STYLES.get(task.status, "")),
    ]
    yield from _text(told["summary"], width)
    for reason in told["reasons"]:
        if reason["text"] not in told["summary"]:
            yield from _text(reason["text"], width, " -", 3)
    yield []
    for label, text in _task_facts(task):
        yield from _fact(label, text, width)
    yield from _section("ATTEMPTS", [_attempt(attempt, look) for attempt in told["attempts"]], width)
    yield from _section("RESCUES", [f"{entry['event']} {_taken(entry)}" for entry in told["rescues"]], width)
    yield from _section("LOG", [_logged(line) for line in told["logs"]], width)


def _task_facts(task: Task) -> Iterator[tuple[str, str]]:
    yield "attempts", f"{task.attempts} of {task.max_attempts}, priority {task.priority}"
    for name, label in _TIMES.items():
        if (at := getattr(task, name)) is not None:
            yield label, datetime_to_text(at)
    if task.progress is not None:
        yield "progress", f"{task.progress * 100:.0f} % {task.progress_message or ''}"
    for name, label in _TEXTS.items():
        if (text := getattr(task, name)) not in (None, "{}"):
            yield label, str(text)


def _attempt(attempt: Mapping[str, Any], look: Look) -> str:
    ran = time_of(attempt["run_seconds"], look.symbols.nothing)
    error = attempt["traceback"] or attempt["error"] or ""
    return f"{attempt['attempt']}  {attempt['outcome']}  {attempt['worker_id'] or look.symbols.nothing}  {ran}  {error}"


def _logged(line: Mapping[str, Any]) -> str:
    more = f"  {json.dumps(line['details'], ensure_ascii=False)}" if line["details"] else ""
    return f"{line['at_utc'][:_SECONDS]}  {line['level']}  {line['message'] or ''}{more}"


def _section(title: str, texts: Sequence[str], width: int) -> Iterator[Line]:
    if texts:
        yield []
        yield [Cell(title, "bold")]
        for text in texts:
            yield from _text(text, width)


def _fact(label: str, text: str, width: int, style: str = "") -> list[Line]:
    return labelled(Cell(label[: _LABEL - 1], "dim"), Cell(text, style), _LABEL, width)


def _text(text: str, width: int, mark: str = "", indent: int = 0) -> list[Line]:
    return labelled(Cell(mark), Cell(text), indent, width)
