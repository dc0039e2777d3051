"""What happens is told to whoever subscribed."""

import pytest

from musterq.errors import Cancel
from musterq.queue.task_queue import TaskQueue


@pytest.fixture
def told(queue: TaskQueue) -> list[tuple[str, object]]:
    """The events and the task that each is about."""
    events: list[tuple[str, object]] = []
    queue.events.subscribe(lambda name, facts: events.append((name, facts["task_id"])))
    return events


def test_enqueueing_is_told_once_for_each_task(queue: TaskQueue, told: list[tuple[str, object]]):
    """Not where a key gave a task that was there."""
    handles = [
        queue.enqueue("a", idempotency_key="k"),
        queue.enqueue("a", idempotency_key="k"),
        *queue.enqueue_many([{"type": "a"}]),
    ]
    assert told == [("task.enqueued", handles[0].id), ("task.enqueued", handles[2].id)]


def test_each_end_of_an_attempt_is_told(queue: TaskQueue, told: list[tuple[str, object]]):
    """By one word each."""
    ends = {
        "task.completed": queue.complete,
        "task.retried": lambda claim: queue.fail(claim, "error"),
        "task.failed": lambda claim: queue.fail(claim, "error", retry=False),
        "task.released": queue.release,
    }
    for name, end in ends.items():
        handle = queue.enqueue("a")
        told.clear()
        end(queue.claim("worker-01")[0])
        assert told == [(name, handle.id)]


def test_the_last_attempt_that_fails_is_told_as_failed(queue: TaskQueue, told: list[tuple[str, object]]):
    """There is no retry to tell of."""
    handle = queue.enqueue("a", max_attempts=1)
    queue.fail(queue.claim("worker-01")[0], "error")
    assert told[-1] == ("task.failed", handle.id)


def test_what_drain_does_is_told_too(queue: TaskQueue, told: list[tuple[str, object]]):
    """It is a worker like others."""

    @queue.task
    def stop() -> None:
        raise Cancel

    handle = stop.enqueue()
    queue.drain()
    assert told[-1] == ("task.cancelled", handle.id)


def test_a_claim_that_was_lost_tells_nothing(queue: TaskQueue, told: list[tuple[str, object]]):
    """Nothing happened."""
    queue.enqueue("a")
    (claim,) = queue.claim("worker-01")
    queue.complete(claim)
    told.clear()
    queue.complete(claim)
    assert told == []
