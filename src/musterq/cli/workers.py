"""``musterq workers``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer

from musterq.cli.documents import decoded, worker_document
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import note, say_json
from musterq.cli.tables import Column, say_table
from musterq.cli.words import short_duration

commands = typer.Typer()
SECONDS = len("YYYY-MM-DD HH:MM:SS")

COLUMNS = (
    Column("WORKER"),
    Column("STATUS", whole=True),
    Column("SINCE", number=True),
    Column("REASON"),
    Column("HEARTBEAT", number=True),
    Column("IN FLIGHT", number=True),
    Column("HOST"),
    Column("PID", number=True),
    Column("CAPABILITIES"),
)


@commands.command(epilog=examples("musterq workers", "musterq workers --json | jq '.items[].worker_id'"))
def workers(*, database: Database = None, as_json: AsJson = False) -> None:
    """List the workers on the roll, the newest heartbeat first."""
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened:
        activity = QueueMonitoring(opened).get_worker_activity()
    if as_json:
        say_json({"items": [worker_document(worker) for worker in activity]})
    else:
        say_table(COLUMNS, [_row(worker) for worker in activity])
        if not activity:
            note("there are no workers; start one with: musterq worker MODULE:QUEUE")


def _row(worker: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        worker["worker_id"],
        worker["status"],
        worker["status_since_utc"][:SECONDS],
        worker["status_reason"],
        f"{short_duration(worker['seconds_since_heartbeat'])} ago",
        str(worker["tasks_in_flight"]),
        worker["host"] or "–",
        "–" if worker["pid"] is None else str(worker["pid"]),
        _abilities(worker["capabilities"]),
    )


def _abilities(capabilities: str) -> str:
    """``cpu=8 gpu=true``: as one types them for a worker."""
    value = decoded(capabilities)
    if not isinstance(value, dict):
        return capabilities
    return " ".join(f"{name}={_plain(ability)}" for name, ability in value.items()) or "–"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
