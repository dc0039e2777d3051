"""Tasks: the newest of a status and type, or those that a worker holds, with their progress."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from musterq.cli.tables import STYLES
from musterq.cli.top.cells import Cell, clean
from musterq.cli.top.figures import time_of
from musterq.cli.top.grid import Column
from musterq.cli.top.place import Place
from musterq.cli.top.sheet import Look, Order, Sheet
from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.symbols import progress_bar
from musterq.models import FINISHED, Task, TaskStatus

_BAR = 6


def _items(snapshot: Snapshot, place: Place) -> Sequence[Task] | None:
    tasks = snapshot.tasks
    return tasks.items if tasks is not None and tasks.which == place.which else None


def _held(snapshot: Snapshot, place: Place) -> Sequence[Task] | None:
    worker = snapshot.worker
    return worker.held if worker is not None and worker.worker_id == place.subject else None


def since(task: Task) -> datetime | None:
    """When it became what it is: was started, came in, ended, or, in the future, is due."""
    if task.status == TaskStatus.PROCESSING:
        return task.processing_started_utc or task.reserved_at_utc
    if task.status in FINISHED:
        return task.finished_at_utc
    return (task.run_after_utc or task.created_at_utc) if task.status == TaskStatus.SCHEDULED else task.created_at_utc


def _cells(task: Task, look: Look) -> Sequence[Cell]:
    return (
        Cell(str(task.id)),
        Cell(clean(task.type)),
        Cell(task.status, STYLES.get(task.status, "")),
        Cell(_time(task, look)),
        Cell(_progress(task, look), "cyan"),
        Cell(clean(task.locked_by or look.symbols.nothing)),
        Cell(f"{task.attempts}/{task.max_attempts}", "yellow" if task.attempts > 1 else ""),
        Cell(str(task.priority)),
        Cell(clean(note_of(task)), "red" if task.status == TaskStatus.FAILED else ""),
    )


def _time(task: Task, look: Look) -> str:
    began = since(task)
    if began is None:
        return look.symbols.nothing
    seconds = look.now - began.timestamp()
    return time_of(seconds, look.symbols.nothing) if seconds >= 0 else f"in {time_of(-seconds, look.symbols.nothing)}"


def _progress(task: Task, look: Look) -> str:
    if task.progress is None or task.status != TaskStatus.PROCESSING:
        return ""
    return f"{progress_bar(task.progress, _BAR, look.symbols)} {task.progress * 100:3.0f} %"


def note_of(task: Task) -> str:
    """What there is to say of it: what it said itself, or what went wrong last."""
    if task.cancel_requested and task.status == TaskStatus.PROCESSING:
        return "asked to stop"
    told = task.progress_message if task.status == TaskStatus.PROCESSING else None
    return told or task.error_message or ""


SHEET = Sheet[Task](
    columns=(
        Column("ID", right=True, least=6),
        Column("TYPE", clips=True, least=12),
        Column("STATUS", least=10),
        Column("TIME", right=True, least=7),
        Column("PROGRESS", spare=1),
        Column("WORKER", clips=True, spare=2),
        Column("TRIES", right=True, spare=4),
        Column("PRIORITY", right=True, spare=5),
        Column("NOTE", clips=True, spare=3),
    ),
    orders=(
        Order("id", lambda task: task.id, falling=True),
        Order("time", lambda task: began.timestamp() if (began := since(task)) else 0.0),
        Order("progress", lambda task: task.progress or 0.0, falling=True),
        Order("type", lambda task: (task.type, task.id)),
        Order("worker", lambda task: (task.locked_by or "", task.id)),
        Order("tries", lambda task: task.attempts, falling=True),
        Order("priority", lambda task: task.priority),
    ),
    items=_items,
    key=lambda task: task.id,
    cells=_cells,
    words=lambda task: f"{task.id} {task.type} {task.status} {task.locked_by or ''} {note_of(task)}",
    empty="no tasks here; f shows those of the next status",
)
HELD = msgspec.structs.replace(SHEET, items=_held, empty="it holds no tasks")
