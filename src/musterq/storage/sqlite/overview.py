"""The whole at a glance: the metrics of the queue, and what each worker is doing."""

from __future__ import annotations

from musterq.models import ACTIVE_SECONDS, STALE_SECONDS, QueueMetrics, TaskStatus, WorkerActivity
from musterq.storage.sqlite import reading
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.history import Look, name_of
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.rescuing import IsDead
from musterq.storage.sqlite.states import Held, state_of
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.workers import WorkerAge, WorkerSetup, worker_ages, worker_setups


def metrics(connection: Connection, is_dead: IsDead, now: Moment) -> QueueMetrics:
    """The state of the queue, all of one moment."""
    if not connection.in_transaction:
        connection.run("BEGIN")  # what is read below is of one moment; whoever keeps the reader ends it
    counts = {(name_of(type), status): n for (type, status), n in reading.task_counts(connection).items()}
    seen = worker_ages(connection, now)
    beating = [worker for worker in seen if worker.age_seconds <= ACTIVE_SECONDS]
    return QueueMetrics(
        counts=counts,
        oldest_queued_seconds_by_type=reading.oldest_waiting_by_type(connection, now),
        depth_by_status=_by_status(counts),
        queued_by_type={type: n for (type, status), n in counts.items() if status == TaskStatus.QUEUED},
        oldest_queued_age_seconds=reading.oldest_waiting_seconds(connection, now),
        statistics=reading.run_statistics(connection),
        total_workers=len(seen),
        active_workers=sum(not is_dead(worker) for worker in beating),
        stale_workers=sum(worker.age_seconds > STALE_SECONDS for worker in seen),
    )


def activity(connection: Connection, is_dead: IsDead, now: Moment) -> list[WorkerActivity]:
    """What every worker is doing; newest beat first."""
    holding = {worker: Held(tasks, since) for worker, tasks, since in connection.rows(query("tasks_in_flight"))}
    setups = worker_setups(connection)
    return [
        _activity_of(
            worker,
            holding.get(worker.worker_id, Held()),
            setups.get(worker.worker_id, WorkerSetup()),
            dead=is_dead(worker),
        )
        for worker in sorted(worker_ages(connection, now), key=lambda worker: worker.age_seconds)
    ]


def look(connection: Connection, is_dead: IsDead, now: Moment) -> Look:
    """What the history keeps of how the queue is."""
    counts = reading.task_counts(connection)
    seen = [worker for worker in worker_ages(connection, now) if worker.age_seconds <= ACTIVE_SECONDS]
    active = {worker.worker_id for worker in seen if not is_dead(worker)}
    places = dict(connection.rows(query("history_capacity")))
    return Look(
        depth={type: n for (type, status), n in counts.items() if status == TaskStatus.QUEUED},
        active_workers=len(active),
        running=_by_status(counts).get(TaskStatus.PROCESSING, 0),
        capacity=sum(places.get(worker_id, 1) for worker_id in active),  # by API: one task at a time
    )


def _by_status(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (_, status), n in counts.items():
        sums[status] = sums.get(status, 0) + n
    return sums


def _activity_of(worker: WorkerAge, held: Held, setup: WorkerSetup, *, dead: bool) -> WorkerActivity:
    state = state_of(worker, dead=dead, held=held)
    return WorkerActivity(
        worker_id=worker.worker_id,
        capabilities=worker.capabilities,
        heartbeat_utc=worker.heartbeat_utc,
        heartbeat_age_seconds=worker.age_seconds,
        status=state.status,
        status_reason=state.reason,
        status_since_utc=state.since_utc,
        tasks_in_flight=held.tasks,
        host=worker.host,
        pid=worker.pid,
        types=worker.types,
        **setup._asdict(),
    )
