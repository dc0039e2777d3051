"""What a worker in any language does: claim, then complete, fail, release or extend."""

import pytest

from musterq.database import QueueDatabase
from musterq.queue.task_queue import TaskQueue
from tests.support import MovableClock


def test_a_claimed_task_is_the_workers(queue: TaskQueue):
    """It has the payload, decoded, and nobody else gets it."""
    handle = queue.enqueue("thumbnail", {"path": "a.png"})
    (claim,) = queue.claim("worker-01")
    assert (claim.task_id, claim.arguments, claim.attempts) == (handle.id, {"path": "a.png"}, 1)
    assert queue.claim("worker-02") == []
    task = handle.get()
    assert (task.status, task.locked_by) == ("processing", "worker-01")


def test_a_completed_task_keeps_its_result(queue: TaskQueue):
    """Any JSON."""
    handle = queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    assert queue.complete(claim, result={"bytes": 1234})
    assert (handle.status(), handle.wait(0)) == ("completed", {"bytes": 1234})


def test_a_result_may_be_as_large_as_a_payload_of_the_queue(database: QueueDatabase):
    """Its ``max_payload_bytes`` holds for both."""
    queue = TaskQueue(database, max_payload_bytes=2_000_000)
    queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    with pytest.raises(ValueError, match="2000000 bytes are allowed"):
        queue.complete(claim, result="x" * 2_000_000)
    assert queue.complete(claim, result="x" * 1_500_000)


def test_a_failed_attempt_is_tried_again_later(queue: TaskQueue, clock: MovableClock):
    """After ``retry_in`` seconds, or as its retry policy says."""
    handle = queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    assert queue.fail(claim, "disk full", retry_in=30)
    task = handle.get()
    assert (task.status, task.error_message) == ("scheduled", "disk full")
    clock.advance(31)
    assert [claim.attempts for claim in queue.claim("worker-01")] == [2]


def test_a_failure_can_be_for_good(queue: TaskQueue):
    """``retry=False`` ends the task, however many attempts are left."""
    handle = queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    assert queue.fail(claim, "no such file", retry=False)
    assert (handle.status(), handle.get().error_message) == ("failed", "no such file")


def test_a_released_task_goes_back_as_if_nobody_had_taken_it(queue: TaskQueue):
    """The attempt does not count."""
    handle = queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    assert queue.release(claim)
    assert (handle.status(), handle.get().attempts) == ("queued", 0)


def test_a_lease_that_is_over_brings_the_task_back(queue: TaskQueue, clock: MovableClock):
    """Whoever claims next gets it; the first worker finds that it lost it."""
    queue.enqueue("thumbnail")
    (lost,) = queue.claim("worker-01", lease_seconds=60)
    clock.advance(61)
    (claim,) = queue.claim("worker-02")
    assert claim.task_id == lost.task_id
    assert not queue.complete(lost)
    assert queue.complete(claim)


def test_a_lease_is_extended_from_now(queue: TaskQueue, clock: MovableClock):
    """As often as the work takes."""
    queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01", lease_seconds=60)
    clock.advance(50)
    assert queue.extend(claim, 60)
    clock.advance(50)
    assert queue.claim("worker-02") == []
    assert queue.complete(claim)


def test_a_lease_that_is_over_loses_nothing_until_somebody_takes_the_task(queue: TaskQueue, clock: MovableClock):
    """A late finish is still a finish."""
    queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01", lease_seconds=60)
    clock.advance(3600)
    assert queue.complete(claim)


@pytest.mark.parametrize("verb", ["complete", "fail", "release", "extend"])
def test_a_claim_that_is_no_longer_held_changes_nothing(queue: TaskQueue, verb: str):
    """All four say False, however often they are asked."""
    handle = queue.enqueue("thumbnail")
    (claim,) = queue.claim("worker-01")
    queue.complete(claim, result="done")
    late = {
        "complete": lambda: queue.complete(claim, result="again"),
        "fail": lambda: queue.fail(claim, "late"),
        "release": lambda: queue.release(claim),
        "extend": lambda: queue.extend(claim, 60),
    }[verb]
    before = handle.get()
    assert not late()
    assert handle.get() == before


def test_a_worker_takes_only_the_types_it_asks_for(queue: TaskQueue):
    """The others wait."""
    queue.enqueue("thumbnail")
    report = queue.enqueue("report")
    assert [claim.task_id for claim in queue.claim("worker-01", limit=10, types=["report"])] == [report.id]


def test_a_worker_takes_only_what_it_can_do(queue: TaskQueue):
    """A task that asks for a capability waits for a worker that has it."""
    handle = queue.enqueue("train", compatibility={"gpu": True})
    assert queue.claim("worker-01", capabilities={"gpu": False}) == []
    (claim,) = queue.claim("worker-02", capabilities={"gpu": True})
    assert claim.task_id == handle.id


def test_a_worker_that_was_unknown_is_registered_by_its_claim(queue: TaskQueue):
    """It need not introduce itself."""
    queue.claim("worker-01")
    assert [worker.worker_id for worker in queue.storage.workers()] == ["worker-01"]
