"""Running what is in the queue, here and now, to the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musterq.models import TaskStatus
from musterq.queue.task_queue import TaskQueue
from musterq.testing.frozen_clock import FrozenClock
from musterq.testing.isolation import AnyQueue, inner

MOST_ATTEMPTS = 1000
_MILLISECOND = 0.001
_ASKED_FOR = "musterq.errors.Retry"
_UNFINISHED = (TaskStatus.QUEUED, TaskStatus.SCHEDULED)


def drain(
    queue: AnyQueue,
    *,
    advance: FrozenClock | None = None,
    raises: bool = False,
    limit: int = MOST_ATTEMPTS,
    **options: Any,
) -> int:
    """Run what is due, in this thread, until nothing is left; returns the number of attempts.

    Args:
        queue: The queue, with its handlers.
        advance: The clock of its database, which is moved on to whatever is due next, so that delayed tasks and
            retries run, too. None: they are left.
        raises: Fail if a handler raised anything but `Retry` or `Cancel`, also where the task would run again.
        limit: The most attempts, so that a task which enqueues itself does not run for ever.
        options: As of `TaskQueue.drain`.

    Raises:
        AssertionError: a handler failed (the message has its traceback), or something was left after ``limit``.
        TypeError, ValueError: an option is not allowed, or ``advance`` is not the clock of this queue.
    """
    __tracebackhide__ = True
    drained = inner(queue)
    if advance is not None and drained.database.clock is not advance:
        raise ValueError("advance= is another clock than that of the queue's database; give both the same one")
    failures: list[str] = []
    unsubscribe = drained.events.subscribe(lambda name, facts: _note(failures, name, facts))
    try:
        attempts = _drain(drained, advance, limit, options)
    finally:
        unsubscribe()
    if raises and failures:
        raise AssertionError("\n".join(failures))
    if attempts >= limit and (left := _left(drained)):
        raise AssertionError(f"after {limit} attempts {left} tasks are still to be run; does a task enqueue itself?")
    return attempts


def _drain(queue: TaskQueue, clock: FrozenClock | None, limit: int, options: dict[str, Any]) -> int:
    attempts = queue.drain(limit, **options)
    while clock is not None and attempts < limit and (seconds := queue.storage.seconds_to_next_due()) is not None:
        clock.advance(seconds + _MILLISECOND)  # which the stored form may have lost
        moved = queue.storage.promote(limit)
        attempts += queue.drain(limit - attempts, **options)
        if not moved:
            break
    return attempts


def _note(failures: list[str], name: str, facts: Mapping[str, Any]) -> None:
    if name not in ("task.failed", "task.retried", "task.crashed"):
        return
    trace = (facts.get("traceback") or "").rstrip()
    if not trace.rpartition("\n")[2].startswith(_ASKED_FOR):
        head = f"task {facts['task_id']} ({facts['type']}), attempt {facts['attempt']}: {facts['error']}"
        failures.append(f"{head}\n{trace}" if trace else head)


def _left(queue: TaskQueue) -> int:
    counts = queue.storage.task_counts()
    return sum(n for (type, status), n in counts.items() if status in _UNFINISHED and type in queue.definitions)
