"""``musterq metrics``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from musterq.cli.errors import UsageError, extras_are_explained
from musterq.cli.opening import existing_database, existing_queue
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import on_one_line, say, say_json
from musterq.cli.tables import Column, say_pairs, say_table
from musterq.cli.words import duration, percent, run_time, short_duration
from musterq.models import TaskStatus
from musterq.observations import TALLIED

commands = typer.Typer()

STATUSES = (Column("STATUS", whole=True), Column("TASKS", number=True))
TYPES = (
    Column("TYPE"),
    *(Column(title, number=True) for title in ("QUEUED", "OLDEST", "RUNNING", "COMPLETED", "FAILED")),
    *(Column(title, number=True, aside=True) for title in ("WAIT P95", "RUN P95")),
)
HAPPENED = (Column("LAST", whole=True), *(Column(title, number=True) for title in ("MINUTE", "HOUR")))
RUNS = (
    Column("FINISHED", whole=True),
    *(Column(title, number=True) for title in ("TASKS", "ATTEMPTS", "RUN TIME", "P50", "P95", "P99")),
)


Prometheus = Annotated[
    bool, typer.Option("--prometheus", help="Print them as text for Prometheus; needs musterq[prometheus].")
]


@commands.command(
    epilog=examples(
        "musterq metrics",
        "musterq metrics --json | jq .queue_depth_by_status.queued",
        "musterq metrics --prometheus | grep musterq_workers",
    )
)
def metrics(*, prometheus: Prometheus = False, database: Database = None, as_json: AsJson = False) -> None:
    """Show depth, waits, failures and workers in figures.

    What the queue holds, how long the oldest task has waited, how the finished ones ended, and who is at work; at the
    same small cost at any size. Attempts and run time are means.
    """
    if prometheus:
        if as_json:
            raise UsageError("give --prometheus or --json, each of which is a format of its own")
        _expose(database)
        return
    from musterq.monitoring import QueueMonitoring

    with existing_queue(database) as queue:
        figures = QueueMonitoring(queue.database).get_queue_metrics()
        paused = queue.paused()
    if as_json:
        say_json({**figures, "paused_types": paused})
    else:
        _show(figures, paused)


def _expose(database: str | None) -> None:
    with extras_are_explained():
        from musterq.monitoring.prometheus import exposition
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened:
        say(exposition(QueueMonitoring(opened)).rstrip("\n"))


def _show(figures: Mapping[str, Any], paused: Sequence[str]) -> None:
    by_status, by_type = figures["queue_depth_by_status"], figures["by_type"]
    known = [status.value for status in TaskStatus]
    _say_rows(STATUSES, [(status, f"{by_status[status]:,}") for status in known if status in by_status])
    _say_rows(TYPES, [_type(type, by_type[type]) for type in sorted(by_type)])
    _say_rows(RUNS, [_run(status, run) for status, run in figures["task_statistics"].items()])
    _say_rows(HAPPENED, _happened(figures["last_minute"], figures["last_hour"]))
    say_pairs(_summary(figures, paused))


def _say_rows(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        say_table(columns, rows)
        say("")


def _type(type: str, figures: Mapping[str, Any]) -> list[str]:
    age = figures["oldest_queued_task_age_seconds"]
    counts = [f"{figures[status]:,}" for status in ("processing", "completed", "failed")]
    times = [run_time(figures[of]["p95"]) for of in ("wait_seconds", "run_seconds")]
    return [type, f"{figures['queued']:,}", "–" if age is None else short_duration(age), *counts, *times]


def _happened(minute: Mapping[str, Any], hour: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What there was any of in the last hour."""
    counts = [(what, f"{minute[what]:,}", f"{hour[what]:,}") for what in TALLIED if hour[what]]
    times = [
        (f"{name} {share}", run_time(minute[f"{name}_seconds"][share]), run_time(hour[f"{name}_seconds"][share]))
        for name in ("wait", "run")
        for share in ("p50", "p95")
    ]
    return counts + times if counts else []


def _run(status: str, run: Mapping[str, Any]) -> list[str]:
    times = [run_time(run[f"{figure}_run_seconds"]) for figure in ("avg", "p50", "p95", "p99")]
    return [status, f"{run['count']:,}", f"{run['avg_attempts']:.2f}", *times]


def _expected(expected: int, missing: int) -> str:
    return f"{expected}, of which {missing} are missing" if expected else "none"


def _summary(figures: Mapping[str, Any], paused: Sequence[str]) -> list[tuple[str, str]]:
    age = figures["oldest_queued_task_age_seconds"]
    workers = ", ".join(f"{figures[f'{kind}_workers']} {kind}" for kind in ("active", "stale", "total"))
    return [
        ("success rate", percent(figures["success_rate"])),
        ("failure rate", percent(figures["failure_rate"])),
        ("oldest queued task", "none is queued" if age is None else f"waits for {duration(age)}"),
        ("workers", workers),
        ("expected workers", _expected(figures["expected_workers"], figures["missing_workers"])),
        ("unservable tasks", f"{figures['unservable_tasks']:,}"),
        ("paused types", on_one_line(", ".join(paused)) or "none"),
    ]
