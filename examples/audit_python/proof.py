"""Proves that the queue lost nothing, did nothing twice, and gave the right results back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from examples.audit_python.audit import WORK, Result
from musterq import QueueDatabase, Task

SAMPLE = 500
SHOWN = 3


class Check(NamedTuple):
    """What must hold, whether it does, and the figures that show it."""

    claim: str
    holds: bool
    figures: str


def draw(total: int, seed: int) -> set[int]:
    """Choose which of so many tasks are to be done again."""
    return set(random.Random(seed).sample(range(total), min(SAMPLE, total)))  # noqa: S311  # this keeps no secret


def prove(database: QueueDatabase, sample: Sequence[Task], seed: int, expected: int) -> list[Check]:
    """Check the rows against how many tasks there must be, a sample of the results, and the file."""
    return [_finished_once(database, expected), _same_results(sample, seed), _sound(database)]


def _finished_once(database: QueueDatabase, expected: int) -> Check:
    tasks, completed, attempts, broken_off = _query(database, "attempts.sql")[0]
    figures = f"{expected:,} enqueued, {completed:,} of {tasks:,} completed in {attempts:,} attempts"
    if tasks > expected:
        figures += "; the database holds another audit, too: name a new file"
    if broken_off:
        figures += f", {broken_off:,} more were broken off and begun again"
    once = expected == tasks == completed and attempts <= tasks + broken_off
    return Check("every task finished exactly once", once, figures)


def _same_results(sample: Sequence[Task], seed: int) -> Check:
    different = [difference for task in sample if (difference := _compare(task))]
    figures = f"{len(sample):,} tasks drawn with seed {seed}, {len(different):,} differ"
    return Check(
        "the same audit in one process gives the same results", not different, "\n".join([figures, *different[:SHOWN]])
    )


def _compare(task: Task) -> str | None:
    """Do a task again, here, and say what is different, if anything is."""
    expected: Result = WORK[task.type](**task.get_payload_dict())
    returned = task.get_result() or {}
    if {**returned, "seconds": None} == {**expected, "seconds": None}:
        return None
    return f"task {task.id} {task.payload} gave {task.result} then, {expected} now; has a file changed meanwhile?"


def _sound(database: QueueDatabase) -> Check:
    answers = [row[0] for row in _query(database, "integrity.sql")]
    return Check("the database file is sound", answers == ["ok"], f"integrity_check says {'; '.join(answers[:3])}")


def _query(database: QueueDatabase, name: str) -> list[Any]:
    return database.execute(Path(__file__).with_name(name).read_text(encoding="utf-8")).fetchall()
