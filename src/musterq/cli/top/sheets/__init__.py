"""What is listed, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musterq.cli.top.sheet import Sheet
from musterq.cli.top.sheets import findings, tasks, types, workers
from musterq.cli.top.wanted import Kind

#: The list of each place that has one.
SHEETS: Mapping[Kind, Sheet[Any]] = {
    Kind.TYPES: types.SHEET,
    Kind.WORKERS: workers.SHEET,
    Kind.TASKS: tasks.SHEET,
    Kind.HEALTH: findings.SHEET,
    Kind.WORKER: tasks.HELD,
}
