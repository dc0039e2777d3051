"""Finished tasks are kept as long as you say."""

from __future__ import annotations

from typing import Any

import pytest

from musterq import Pruned, QueueMonitoring, Retention, TaskQueue, TaskStatus
from tests.support import MovableClock


def finished(queue: TaskQueue, count: int) -> None:
    queue.enqueue_many([{"type": "mail"} for _ in range(count)])
    for claim in queue.claim("w", limit=count):
        queue.complete(claim)


def test_how_long_tasks_are_kept_can_be_set(queue: TaskQueue):
    """By age, by number, by both or not at all; by a status or its name."""
    queue.set_retention(TaskStatus.COMPLETED, max_age=3600, max_count=100)
    queue.set_retention("FAILED")
    assert queue.retention()["completed"] == Retention(max_age_seconds=3600, max_count=100)
    assert queue.retention()["failed"] == Retention()


def test_old_tasks_can_be_taken_away_now(queue: TaskQueue, clock: MovableClock):
    """Without a worker."""
    queue.set_retention("completed", max_age=60)
    finished(queue, 3)
    assert queue.prune() == Pruned()
    clock.advance(61)
    waiting = queue.enqueue("mail")
    assert queue.prune().tasks == 3
    assert [task.id for task in queue.find()] == [waiting.id]


def test_what_was_done_is_still_known(queue: TaskQueue, clock: MovableClock):
    """In the lifetime totals; the statistics are of what is there."""
    finished(queue, 3)
    clock.advance(8 * 86_400)
    queue.prune()
    monitoring = QueueMonitoring(queue.database)
    assert monitoring.get_lifetime_totals() == {"mail": {"completed": {"count": 3, "attempts": 3, "run_seconds": 0.0}}}
    assert monitoring.get_queue_metrics()["task_statistics"] == {}


@pytest.mark.parametrize(
    ("status", "bounds", "error"),
    [
        ("queued", {}, ValueError),
        (None, {}, TypeError),
        ("failed", {"max_age": -1}, ValueError),
        ("failed", {"max_age": "7d"}, TypeError),
        ("failed", {"max_count": 0}, ValueError),
        ("failed", {"max_count": 1.5}, TypeError),
    ],
)
def test_a_rule_that_cannot_be_is_refused(queue: TaskQueue, status: Any, bounds: Any, error: type[Exception]):
    """The rules are as they were."""
    before = queue.retention()
    with pytest.raises(error, match="give"):
        queue.set_retention(status, **bounds)
    assert queue.retention() == before
