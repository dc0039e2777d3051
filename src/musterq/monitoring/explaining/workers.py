"""What keeps a task that waits, as far as workers do: nobody can take it, or nobody who can has a free place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from musterq.circumstances import Circumstances
from musterq.matching import offered, satisfies, servable
from musterq.models import TAKES_TASKS, Task, WorkerActivity
from musterq.monitoring.explaining.reasons import Reason, reason
from musterq.shortfall import shortfall

_NAMED = 3  # in a sentence
_MOST = 20  # among the facts
_GONE = frozenset({"lost", "stale"})
_SENTENCES = {
    "no_workers": "{}; start one with: musterq worker MODULE:QUEUE",
    "no_capable_worker": "no worker can do what it asks: {}",
}


def no_worker(found: Circumstances) -> Iterator[Reason]:
    """No worker can take it, whatever else would hold."""
    task = found.task
    lacking = shortfall(task.type, task.compatibility, found.workers)
    if lacking is not None:
        misses = [msgspec.structs.asdict(miss) for miss in lacking.misses]
        slug = _slug(found, misses)
        yield reason(slug, _SENTENCES.get(slug, "{}").format(lacking.reason), misses=misses)


def busy_workers(found: Circumstances) -> Iterator[Reason]:
    """Those who can take it have no place free."""
    able = _able(found.task, found.workers)
    if not able or any(_has_room(worker) for worker in able):
        return
    names = ", ".join(f"{w.worker_id} holds {w.tasks_in_flight} of {w.concurrency}" for w in able[:_NAMED])
    others = "" if len(able) <= _NAMED else " and so on"
    whom = "the one worker that can take it has" if len(able) == 1 else f"the {len(able)} workers that can take it have"
    yield reason("workers_busy", f"{whom} no place free: {names}{others}", workers=[_facts(w) for w in able[:_MOST]])


def _slug(found: Circumstances, misses: Sequence[object]) -> str:
    states = {worker.status for worker in found.workers}
    if servable(found.task.compatibility) is None:
        return "unreadable_compatibility"
    if misses:
        return "no_capable_worker"
    if states & TAKES_TASKS:
        return "no_worker_of_type"
    return "workers_take_nothing" if states - _GONE else "no_workers"


def _able(task: Task, workers: Sequence[WorkerActivity]) -> list[WorkerActivity]:
    wanted = servable(task.compatibility)
    if wanted is None:
        return []
    return [
        worker
        for worker in workers
        if worker.status in TAKES_TASKS
        and (worker.types is None or task.type in worker.types)
        and satisfies(offered(worker.capabilities), wanted)
    ]


def _has_room(worker: WorkerActivity) -> bool:
    """Of a worker without a process of ours nobody knows how much it takes at once."""
    return worker.concurrency is None or worker.tasks_in_flight < worker.concurrency


def _facts(worker: WorkerActivity) -> dict[str, Any]:
    return {
        "worker_id": worker.worker_id,
        "status": worker.status,
        "tasks_in_flight": worker.tasks_in_flight,
        "concurrency": worker.concurrency,
    }
