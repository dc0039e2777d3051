"""Workers: their states, their beats, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musterq.cli.tables import STYLES
from musterq.cli.top.cells import Cell, clean
from musterq.cli.top.figures import age_of
from musterq.cli.top.grid import Column
from musterq.cli.top.place import Place
from musterq.cli.top.sheet import Look, Order, Sheet
from musterq.cli.top.snapshot import Snapshot

#: The states, the worst first.
STATES = ("lost", "wedged", "suspended", "stale", "late", "draining", "starting", "busy", "idle")
_RANKS = {state: rank for rank, state in enumerate(STATES)}

Worker = Mapping[str, Any]


def _items(snapshot: Snapshot, _place: Place) -> Sequence[Worker] | None:
    return snapshot.workers


def silence(worker: Worker, look: Look) -> float:
    """How long ago it beat: as it was read, and the time that has gone by since."""
    seconds: float = worker["seconds_since_heartbeat"]
    return int(seconds + max(0.0, look.now - look.snapshot.workers_at))


def _cells(worker: Worker, look: Look) -> Sequence[Cell]:
    nothing = look.symbols.nothing
    status = worker["status"]
    return (
        Cell(clean(worker["worker_id"])),
        Cell(status, STYLES.get(status, "")),
        Cell(age_of(silence(worker, look), nothing)),
        Cell(in_flight(worker), "cyan" if worker["tasks_in_flight"] else ""),
        Cell(clean(worker["host"] or nothing)),
        Cell(nothing if worker["pid"] is None else str(worker["pid"])),
        Cell(clean(worker["status_reason"])),
    )


def in_flight(worker: Worker) -> str:
    """``3``, or ``3/8`` where it is known how many it runs at once."""
    most = worker.get("concurrency")
    return f"{worker['tasks_in_flight']}/{most}" if most else str(worker["tasks_in_flight"])


SHEET = Sheet[Worker](
    columns=(
        Column("WORKER", clips=True, least=12),
        Column("STATUS", least=9),
        Column("BEAT", right=True, least=6),
        Column("TASKS", right=True, least=5),
        Column("HOST", clips=True, spare=2),
        Column("PID", right=True, spare=3),
        Column("REASON", clips=True, spare=1),
    ),
    orders=(
        Order("state", lambda worker: (_RANKS.get(worker["status"], 0), worker["worker_id"])),
        Order("worker", lambda worker: worker["worker_id"]),
        Order("beat", lambda worker: worker["seconds_since_heartbeat"], falling=True),
        Order("tasks", lambda worker: worker["tasks_in_flight"], falling=True),
        Order("host", lambda worker: (worker["host"] or "", worker["worker_id"])),
    ),
    items=_items,
    key=lambda worker: worker["worker_id"],
    cells=_cells,
    words=lambda worker: f"{worker['worker_id']} {worker['status']} {worker['host'] or ''} {worker['status_reason']}",
    empty="there are no workers; start one with: musterq worker MODULE:QUEUE",
)
