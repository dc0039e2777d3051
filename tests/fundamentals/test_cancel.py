"""Cancelling a task."""

import pytest

from musterq.errors import Cancel, TaskFailedError
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue


@pytest.mark.parametrize("delay", [0, 60])
def test_a_task_that_waits_is_cancelled_at_once(queue: TaskQueue, delay: int):
    """Queued or scheduled: nobody gets it any more, and whoever waits for it is told."""
    handle = queue.enqueue("report", delay=delay)
    assert queue.cancel(handle.id)
    assert handle.status() == "cancelled"
    assert queue.claim("worker-01") == []
    with pytest.raises(TaskFailedError, match="was cancelled"):
        handle.wait(0)


def test_a_running_task_is_asked_to_stop(queue: TaskQueue):
    """Its handler sees the request, and obeys when it can."""

    @queue.task(type="report")
    def report() -> None:
        assert not current_task().cancel_requested
        assert queue.cancel(current_task().id)
        if current_task().cancel_requested:
            raise Cancel

    handle = report.enqueue()
    queue.drain()
    assert handle.status() == "cancelled"


def test_a_running_task_that_does_not_obey_completes(queue: TaskQueue):
    """Work that was done is not denied."""

    @queue.task(type="report")
    def report() -> str:
        queue.cancel(current_task().id)
        return "done"

    handle = report.enqueue()
    queue.drain()
    assert handle.wait(0) == "done"


def test_a_running_task_that_fails_after_the_request_is_not_tried_again(queue: TaskQueue):
    """Nobody wants it any more."""

    @queue.task(type="report")
    def report() -> None:
        queue.cancel(current_task().id)
        raise ConnectionError("refused")

    handle = report.enqueue()
    queue.drain()
    assert handle.status() == "cancelled"


def test_a_task_that_has_finished_or_is_not_there_cannot_be_cancelled(queue: TaskQueue):
    """False, and nothing changes."""
    handle = queue.enqueue("report")
    queue.complete(queue.claim("worker-01")[0])
    assert not queue.cancel(handle.id)
    assert handle.status() == "completed"
    assert not queue.cancel(12345)
