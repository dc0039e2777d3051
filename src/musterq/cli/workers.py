"""``musterq workers``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musterq.cli.documents import abilities, decoded, worker_document
from musterq.cli.errors import CommandError, UsageError, refusals_are_usage_errors
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import note, say, say_json, visible
from musterq.cli.tables import Column, say_table
from musterq.cli.words import short_duration
from musterq.scalars import check_seconds

if TYPE_CHECKING:
    from musterq.monitoring import QueueMonitoring

commands = typer.Typer()
SECONDS = len("YYYY-MM-DD HH:MM:SS")

COLUMNS = (
    Column("WORKER"),
    Column("STATUS", whole=True),
    Column("SINCE (UTC)", whole=True, aside=True),
    Column("REASON", aside=True),
    Column("HEARTBEAT", number=True),
    Column("IN FLIGHT", number=True),
    Column("HOST", aside=True),
    Column("PID", number=True, aside=True),
    Column("CAPABILITIES", aside=True),
)


Remove = Annotated[
    str | None,
    typer.Option(
        "--remove", metavar="ID", help="Take this one off the roll. What it held is queued again; a live one ends."
    ),
]
RemoveStale = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Take those off the roll that have been silent for longer than this, as --remove does.",
        show_default=False,
    ),
]


@commands.command(
    epilog=examples(
        "musterq workers",
        "musterq workers --json | jq '.items[].worker_id'",
        "musterq workers --remove worker-01",
        "musterq workers --remove-stale 600",
    )
)
def workers(
    *,
    remove: Remove = None,
    remove_stale: RemoveStale = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """List the workers on the roll, or take some off it.

    The newest heartbeat comes first. A worker that ends in order leaves the roll by itself. One that died stays as lost
    until it is removed, or a worker of the same id starts.
    """
    from musterq.monitoring import QueueMonitoring

    if remove is not None and remove_stale is not None:
        raise UsageError("give --remove ID or --remove-stale SECONDS, not both")
    with existing_database(database) as opened, refusals_are_usage_errors():
        monitoring = QueueMonitoring(opened)
        if remove is not None:
            _remove(monitoring, remove, as_json=as_json)
        elif remove_stale is not None:
            _remove_stale(monitoring, check_seconds("--remove-stale", remove_stale), as_json=as_json)
        else:
            _list(monitoring.get_worker_activity(), as_json=as_json)


def _remove(monitoring: QueueMonitoring, worker_id: str, *, as_json: bool) -> None:
    if not monitoring.remove_worker(worker_id):
        raise CommandError(f"there is no worker {worker_id!r}; list them with: musterq workers")
    if as_json:
        say_json({"worker_id": worker_id, "removed": True})
    else:
        say(visible(f"{worker_id} is removed"))


def _remove_stale(monitoring: QueueMonitoring, seconds: float, *, as_json: bool) -> None:
    removed = monitoring.remove_stale_workers(seconds)
    if as_json:
        say_json({"removed": removed})
        return
    for worker_id in removed:
        say(visible(f"{worker_id} is removed"))
    if not removed:
        note(f"no worker has been silent for longer than {seconds:g} s")


def _list(activity: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
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
        abilities(decoded(worker["capabilities"])),
    )
