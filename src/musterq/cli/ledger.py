"""``musterq ledger``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from musterq.cli.errors import refusals_are_usage_errors
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples, task_id
from musterq.cli.output import note, say_json
from musterq.cli.tables import Column, say_table
from musterq.cli.words import run_time

commands = typer.Typer()

COLUMNS = (
    Column("AT (UTC)", whole=True),
    Column("EVENT", whole=True),
    Column("TASK", number=True),
    Column("TYPE", aside=True),
    Column("ATTEMPT", number=True, aside=True),
    Column("WORKER", aside=True),
    Column("REASON", aside=True),
    Column("BECAME", whole=True),
    Column("WORK LOST", number=True, aside=True),
    Column("DETAIL", aside=True),
)


@commands.command(epilog=examples("musterq ledger", "musterq ledger --worker worker-01 --json"))
def ledger(
    *,
    task: Annotated[
        int | None, typer.Option("--task", parser=task_id, metavar="ID", help="Of this task only.", show_default=False)
    ] = None,
    worker: Annotated[
        str | None, typer.Option("--worker", metavar="ID", help="Of this worker only.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many entries at most.")] = 100,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List what was taken from workers, and late finishes.

    The newest comes first. A finish is late where the worker no longer held the task; it changed nothing.
    """
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened, refusals_are_usage_errors():
        monitoring = QueueMonitoring(opened)
        entries = monitoring.get_ledger(limit, task_id=task, worker_id=worker)
        totals = monitoring.get_ledger_totals()
    if as_json:
        say_json({"items": entries, "totals": totals})
    else:
        say_table(COLUMNS, [_row(entry) for entry in entries])
        if not entries:
            note("the ledger has no such entry: nothing was taken from a worker, and no finish came too late")


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        entry["at_utc"],
        entry["event"],
        str(entry["task_id"]),
        entry["type"] or "–",
        "–" if entry["attempt"] is None else str(entry["attempt"]),
        entry["worker_id"] or "–",
        entry["reason"],
        entry["became"] or "–",
        run_time(entry["lost_seconds"]),
        entry["detail"] or "–",
    )
