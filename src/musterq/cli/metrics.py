"""``musterq metrics``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import heading, on_one_line, say, say_json
from musterq.cli.tables import say_pairs
from musterq.cli.words import count, duration, percent, run_time
from musterq.models import TaskStatus

commands = typer.Typer()


@commands.command(epilog=examples("musterq metrics", "musterq metrics --json | jq .queue_depth_by_status.queued"))
def metrics(*, database: Database = None, as_json: AsJson = False) -> None:
    """Show how the queue is.

    What it holds, how long the oldest task has waited, how the finished ones ended, and who is at work; at the same
    small cost at any size.
    """
    from musterq.monitoring import QueueMonitoring

    with existing_queue(database) as queue:
        figures = QueueMonitoring(queue.database).get_queue_metrics()
        paused = queue.paused()
    if as_json:
        say_json({**figures, "paused_types": list(paused)})
    else:
        _show(figures, paused)


def _show(figures: Mapping[str, Any], paused: list[str]) -> None:
    _section("Tasks by status", _depths(figures["queue_depth_by_status"], [status.value for status in TaskStatus]))
    _section("Queued by type", _depths(figures["queue_depth_by_type"], sorted(figures["queue_depth_by_type"])))
    _section("Finished tasks", _outcomes(figures))
    _section("Waiting and at work", _now(figures, paused))


def _section(title: str, pairs: list[tuple[str, str]]) -> None:
    if pairs:
        say(heading(title))
        say_pairs(pairs, indent="  ")


def _depths(depths: Mapping[str, int], order: list[str]) -> list[tuple[str, str]]:
    numbers = {name: f"{depths[name]:,}" for name in order if name in depths}
    width = max(map(len, numbers.values()), default=0)
    return [(on_one_line(name), number.rjust(width)) for name, number in numbers.items()]


def _outcomes(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    rates = [("success rate", percent(figures["success_rate"])), ("failure rate", percent(figures["failure_rate"]))]
    return [*rates, *((status, _run(run)) for status, run in figures["task_statistics"].items())]


def _run(run: Mapping[str, Any]) -> str:
    percentiles = ", ".join(f"{p} {run_time(run[f'{p}_run_seconds'])}" for p in ("p50", "p95", "p99"))
    mean = run_time(run["avg_run_seconds"])
    return f"{count(run['count'], 'task')}, {run['avg_attempts']:.2f} attempts each, run time {mean} ({percentiles})"


def _now(figures: Mapping[str, Any], paused: list[str]) -> list[tuple[str, str]]:
    age = figures["oldest_queued_task_age_seconds"]
    workers = ", ".join(f"{figures[f'{kind}_workers']} {kind}" for kind in ("active", "stale", "total"))
    return [
        ("oldest queued task", "none is queued" if age is None else f"waits for {duration(age)}"),
        ("workers", workers),
        ("paused types", on_one_line(", ".join(paused)) or "none"),
    ]
