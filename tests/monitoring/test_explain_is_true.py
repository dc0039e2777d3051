"""What explain says of waiting tasks is what claims do: nobody takes one that is hindered, and somebody any other."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musterq.database import QueueDatabase
from musterq.models import ClaimRequest, NewTask, TaskFilter, TaskStatus
from musterq.monitoring import QueueMonitoring
from musterq.records import TypeLimit
from musterq.storage.base import Storage
from tests.monitoring.explaining import reasons

#: With one of these no claim takes it, whatever it asks for.
HINDERED = {"paused", "concurrency_key", "no_capable_worker", "no_workers", "limit", "rate", "unreadable_compatibility"}

TASKS = st.builds(
    lambda type, priority, compatibility, key: NewTask(
        type=type, payload="{}", priority=priority, compatibility=compatibility, concurrency_key=key
    ),
    st.sampled_from(["mail", "video"]),
    st.integers(1, 5),
    st.sampled_from(["{}", "{}", "{}", '{"gpu": true}', '{"cpu": {"min": 4}}']),
    st.sampled_from([None, None, "user:7"]),
)
LIMITS = st.sampled_from([None, TypeLimit(max_running=1), TypeLimit(rate_count=1, rate_seconds=60.0)])
WORKERS = st.lists(st.sampled_from([{"cpu": 2}, {"cpu": 8}, {"gpu": True}]), min_size=1, max_size=3)


class _UndoneError(Exception):
    """Ends a transaction that is only tried."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tasks=st.lists(TASKS, min_size=1, max_size=8),
    workers=WORKERS,
    paused=st.sampled_from([None, None, "mail", "video"]),
    limit=LIMITS,
    taken=st.integers(1, 4),
)
def test_what_it_says_of_a_waiting_task_is_true(
    *,
    monitoring: QueueMonitoring,
    database: QueueDatabase,
    tasks: list[NewTask],
    workers: list[dict[str, object]],
    paused: str | None,
    limit: TypeLimit | None,
    taken: int,
) -> None:
    """With limits, keys, pauses, and what workers can do, all at once."""
    storage = database.storage
    for table in ("task_queue", "workers", "paused_types", "type_limits"):
        database.execute(f"DELETE FROM {table}")
    for number, capabilities in enumerate(workers):
        monitoring.register_worker(f"worker-{number}", capabilities)
    storage.set_limit("mail", limit)
    storage.enqueue(tasks)
    storage.claim(ClaimRequest(worker_id="worker-0", limit=taken))
    if paused is not None:
        storage.pause(paused)
    for task in storage.find(TaskFilter(status=TaskStatus.QUEUED)):
        said = set(reasons(monitoring, task.id))
        by_somebody = any(is_taken(storage, task.id, f"worker-{at}", task.type) for at in range(len(workers)))
        limited = limit is not None and task.type == "mail"  # others of its type may come first, and use it up
        if said & HINDERED:
            assert not by_somebody, said
        elif not limited:
            assert by_somebody, said
        assert ("ready" in said) == (not said & (HINDERED | {"lane"}))


def is_taken(storage: Storage, task_id: int, worker_id: str, type: str) -> bool:
    """Whether it would be among all that this worker may take of its type; nothing is changed."""
    taken: set[int] = set()
    with suppress(_UndoneError), storage.transaction():
        taken = {
            claim.task_id
            for claim in storage.claim(ClaimRequest(worker_id=worker_id, limit=100, types=frozenset([type])))
        }
        undo()
    return task_id in taken


def undo() -> None:
    """End the transaction as if nothing had been tried."""
    raise _UndoneError
