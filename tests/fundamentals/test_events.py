"""What happens is told to whoever subscribed."""

import pytest

from musterq.errors import Cancel
from musterq.queue.current import current_task
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


@pytest.mark.parametrize("end", ["fail", "release"])
def test_a_cancelled_task_is_told_as_cancelled(queue: TaskQueue, told: list[tuple[str, object]], end: str):
    """However its attempt ended: somebody had asked for the end, and there is no retry."""
    handle = queue.enqueue("a")
    (claim,) = queue.claim("worker-01")
    queue.cancel(handle.id)
    if end == "fail":
        queue.fail(claim, "error")
    else:
        queue.release(claim)
    assert (handle.status(), told[-1]) == ("cancelled", ("task.cancelled", handle.id))


def test_a_cancelled_task_is_told_as_cancelled_by_drain(queue: TaskQueue, told: list[tuple[str, object]]):
    """Its handler did not obey, and failed."""

    @queue.task
    def stubborn() -> None:
        queue.cancel(current_task().id)
        raise ConnectionError("refused")

    handle = stubborn.enqueue()
    queue.drain()
    assert told[-1] == ("task.cancelled", handle.id)


@pytest.mark.parametrize("column", ["max_attempts", "attempts", "run_after_utc", "created_at_utc"])
def test_odd_rows_are_told_of_like_others(queue: TaskQueue, told: list[tuple[str, object]], column: str):
    """Plain SQL may put anything into a column: telling of it raises nothing."""
    handle = queue.enqueue("a")
    if column == "max_attempts":
        queue.database.execute("UPDATE task_queue SET max_attempts = 'many'")
    (claim,) = queue.claim("worker-01")
    if column != "max_attempts":
        queue.database.execute(f"UPDATE task_queue SET {column} = 'many'")
    assert queue.fail(claim, "error", retry_in=60)
    assert told[-1][1] == handle.id
    assert told[-1][0] in ("task.retried", "task.failed")
