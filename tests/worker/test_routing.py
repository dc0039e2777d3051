"""Where a task runs: what its handler's definition says, else what the worker does; and who must run in a child."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.routing import route_of
from tests.worker import child_handlers
from tests.worker.claims import claim


@pytest.mark.parametrize(
    ("handler", "definition", "worker", "place"),
    [
        ("pid", None, "threads", "thread"),
        ("pid", None, "processes", "child"),
        ("pid", "threads", "processes", "thread"),
        ("pid", "processes", "threads", "child"),
        ("pid_later", None, "threads", "loop"),
        ("pid_later", None, "processes", "loop"),
        ("pid_later", None, "asyncio", "loop"),
        ("pid_later", "asyncio", "processes", "loop"),
        ("pid_later", "processes", "asyncio", "child"),
        ("pid_later", "threads", "asyncio", "thread"),
    ],
)
def test_the_definition_goes_before_the_worker(
    queue: TaskQueue, handler: str, definition: Any, worker: Any, place: str
) -> None:
    """Coroutines belong on the loop unless it says otherwise."""
    task = queue.task(executor=definition)(getattr(child_handlers, handler))
    assert route_of(task, claim(), worker) == place


@pytest.mark.parametrize("facts", [{"suspect": True}, {"hard_timeout_seconds": 5.0}])
@pytest.mark.parametrize("handler", ["pid", "pid_later"])
def test_who_may_have_to_be_killed_runs_in_a_child(queue: TaskQueue, handler: str, facts: dict[str, Any]) -> None:
    """Whatever else is said."""
    task = queue.task(executor="threads")(getattr(child_handlers, handler))
    assert route_of(task, msgspec.structs.replace(claim(), **facts), "threads") == "child"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"executor": "fibers"}, ValueError, "executor='fibers' is unknown"),
        ({"max_tasks_per_child": 0}, ValueError, "max_tasks_per_child=0"),
        ({"max_child_mib": "64"}, TypeError, "max_child_mib='64'"),
    ],
)
def test_a_worker_refuses_options_that_cannot_be(
    queue: TaskQueue, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Before it starts."""
    queue.task(child_handlers.pid)
    with pytest.raises(error, match=message):
        WorkerEngine(queue, **options)
