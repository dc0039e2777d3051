"""Reading tasks and the state of the whole queue, by counters and indexes; only a rare type is looked for by rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from musterq.clock import text_to_datetime
from musterq.histogram import quantile
from musterq.models import RunStatistics, Task, TaskFilter, TaskStatus
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.history import name_of
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

#: Statuses whose tasks can be found without reading others, and up to how many that is the shorter way.
_INDEXED = frozenset({*TaskStatus} - {TaskStatus.COMPLETED})
_FEW_TASKS = 5000
_COLUMNS = Task.__struct_fields__
_YES_OR_NO = ("held", "suspect", "cancel_requested")
_QUANTILES = (0.5, 0.95, 0.99)


def task(connection: Connection, task_id: int) -> Task | None:
    """One task, or None."""
    row = connection.row(query("task"), (task_id,))
    return None if row is None else _task_of(row)


def find(connection: Connection, which: TaskFilter) -> list[Task]:
    """A page of tasks, newest id first."""
    wanted = {
        "status": which.status,
        "type": which.type,
        "limit": which.limit,
        "before": 2**63 - 1 if which.before_id is None else which.before_id,
    }
    expected = _expected(connection, which)
    if expected == 0:
        return []
    if which.status in _INDEXED and expected <= _FEW_TASKS:
        ids = sorted((row[0] for row in connection.rows(query(f"ids_{which.status}"), wanted)), reverse=True)
        rows = connection.rows(query("tasks_by_id"), {**wanted, "ids": str(ids)})
    else:
        rows = connection.rows(query("find"), {**wanted, "limit": min(which.limit, expected)})
    return [_task_of(row) for row in rows]


def _expected(connection: Connection, which: TaskFilter) -> int:
    """How many tasks have the status that is asked for, by the counters; 0 also where none has the type as well."""
    counts = task_counts(connection)
    both = sum(n for (type, status), n in counts.items() if _asked(which.status, status) and _asked(which.type, type))
    return both and sum(n for (_, status), n in counts.items() if _asked(which.status, status))


def _asked(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted == found


def task_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Tasks by type and status, without zeros."""
    return {(type, status): n for type, status, n in connection.rows(query("task_counts"))}


def seconds_to_next_due(connection: Connection, now: Moment) -> float | None:
    """Until the next scheduled task is due; None if there is none."""
    return _seconds_until(connection.row(query("next_due"))[0], now)


def overdue_seconds(connection: Connection, now: Moment) -> float | None:
    """For how long the scheduled task that is due longest has been due; None: none is due."""
    (due,) = connection.row(query("next_due"))
    return None if due is None or due > now.text else now.epoch - text_to_datetime(due).timestamp()


def seconds_to_next_tick(connection: Connection, now: Moment) -> float | None:
    """Until the next schedule ticks; None if there is none."""
    return _seconds_until(connection.row(query("next_tick"))[0], now)


def seconds_to_next_expiry(connection: Connection, now: Moment) -> float | None:
    """Until the next waiting task expires; None if there is none."""
    return _seconds_until(connection.row(query("next_expiry"))[0], now)


def oldest_waiting_seconds(connection: Connection, now: Moment) -> float | None:
    """For how long the longest waiting queued task waits."""
    (since,) = connection.row(query("oldest_waiting"))
    return None if since is None else max(0.0, now.epoch - text_to_datetime(since).timestamp())


def oldest_waiting_by_type(connection: Connection, now: Moment) -> dict[str, float]:
    """The same by type. Of those that a concurrency key holds, only the longest waiting of all is looked at."""
    rows = connection.rows(query("oldest_waiting_by_type"))
    return {name_of(type): max(0.0, now.epoch - text_to_datetime(since).timestamp()) for type, since in rows}


def run_statistics(connection: Connection) -> dict[str, RunStatistics]:
    """Figures of completed and failed tasks, by status."""
    histograms: dict[str, dict[int, int]] = defaultdict(dict)
    for status, upper_ms, n in connection.rows(query("run_histogram")):
        histograms[status][upper_ms] = n
    return {row[0]: _statistics(row, histograms[row[0]]) for row in connection.rows(query("run_statistics"))}


def _statistics(row: Any, histogram: dict[int, int]) -> RunStatistics:
    status, n, attempts, timed, run_ms = row
    p50, p95, p99 = (quantile(histogram, share) for share in _QUANTILES)
    return RunStatistics(
        status=status,
        count=n,
        avg_attempts=attempts / n,
        avg_run_seconds=run_ms / timed / 1000 if timed else None,
        p50_run_seconds=p50,
        p95_run_seconds=p95,
        p99_run_seconds=p99,
    )


def _task_of(row: Any) -> Task:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Task.from_dict({**values, **{name: bool(values[name]) for name in _YES_OR_NO}})


def _seconds_until(text: str | None, now: Moment) -> float | None:
    return None if text is None else max(0.0, text_to_datetime(text).timestamp() - now.epoch)
