"""Tasks that were claimed ahead of the threads, and found none in time."""

from __future__ import annotations

import threading

from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.worker.waiting import LIMIT, Record, until, working


def test_a_task_that_waits_too_long_for_a_thread_goes_to_another_worker(queue: TaskQueue, record: Record) -> None:
    """Given back without an attempt used up, so that the other worker's attempt is its first."""
    go = threading.Event()
    begun = threading.Event()

    @queue.task()
    def tiny() -> None: ...

    @queue.task()
    def slow() -> None:
        begun.set()
        assert go.wait(LIMIT)

    # after tiny tasks the worker claims ahead; the slow one is claimed among them and takes the only thread
    rows = [{"type": "slow" if number == 40 else "tiny", "payload": {}} for number in range(200)]
    queue.enqueue_many(rows)
    with working(WorkerEngine(queue, concurrency=1)):
        assert begun.wait(LIMIT)
        until(
            lambda: queue.storage.task_counts().get(("tiny", "queued"), 0) + len(record.named("task.completed")) == 199
        )
        assert record.named("task.released")
        WorkerEngine(queue, types=["tiny"], burst=True).run()
        assert queue.storage.task_counts()[("tiny", "completed")] == 199
        go.set()
    attempts = queue.database.execute("SELECT DISTINCT attempts FROM task_queue").fetchall()
    assert [row[0] for row in attempts] == [1]
