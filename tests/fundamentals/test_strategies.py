"""The order in which a worker takes tasks."""

import pytest

from musterq.models import SchedulingStrategy
from musterq.queue.task_queue import TaskQueue

PRIORITIES = [50, 10, 100, 10]


def order(queue: TaskQueue, strategy: SchedulingStrategy | str) -> list[int]:
    """In which order tasks with PRIORITIES, put in one after the other, are claimed one by one: their positions."""
    handles = [queue.enqueue("work", priority=priority) for priority in PRIORITIES]
    ids = [queue.claim("worker-01", strategy=strategy)[0].task_id for _ in handles]
    return [[handle.id for handle in handles].index(task_id) for task_id in ids]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (SchedulingStrategy.FIFO, [0, 1, 2, 3]),
        (SchedulingStrategy.LIFO, [3, 2, 1, 0]),
        (SchedulingStrategy.PRIORITY, [1, 3, 0, 2]),
        ("priority", [1, 3, 0, 2]),
    ],
)
def test_each_strategy_has_its_order(queue: TaskQueue, strategy: SchedulingStrategy | str, expected: list[int]):
    """First in, last in, or the lowest priority number, and the oldest of those; the name will do."""
    assert order(queue, strategy) == expected


def test_priority_is_what_a_claim_goes_by_unless_it_says_otherwise(queue: TaskQueue):
    """And so does a batch."""
    late = queue.enqueue("work", priority=9)
    soon = queue.enqueue("work", priority=1)
    assert [claim.task_id for claim in queue.claim("worker-01", limit=2)] == [soon.id, late.id]


def test_weighted_random_takes_every_task_sooner_or_later(queue: TaskQueue):
    """Each exactly once, in an order that a seed repeats."""
    ids = sorted(queue.enqueue("work", priority=priority).id for priority in PRIORITIES)
    claimed = [queue.claim("worker-01", strategy="weighted_random", seed=n)[0].task_id for n in range(len(ids))]
    assert sorted(claimed) == ids


def test_drain_goes_by_a_strategy_too(queue: TaskQueue):
    """The same words."""
    ran: list[int] = []

    @queue.task(type="note")
    def note(n: int) -> None:
        ran.append(n)

    for n in range(3):
        note.enqueue(n)
    queue.drain(strategy=SchedulingStrategy.LIFO)
    assert ran == [2, 1, 0]
