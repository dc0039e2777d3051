"""The disk is full, and has room again."""

from __future__ import annotations

import resource
import sys

import pytest

from musterq import QueueDatabaseError, QueueMonitoring, TaskQueue
from tests.crash.arena import Arena
from tests.worker.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets the limits of another process")


def test_a_worker_outlives_a_full_disk(arena: Arena) -> None:
    """What it has done meanwhile is written when there is room; nothing is lost, and nothing done twice."""
    worker = arena.start("w1", concurrency=2)
    ids = arena.enqueue("hold", times=2)
    arena.wait_until_begun(ids)
    before = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, before[1]))  # every write of this process fails now
    (arena.folder / "go").touch()
    more = arena.enqueue("quick", times=50)
    until(lambda: worker.poll() is None and not arena.finished(ids + more))
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, before)
    arena.drain()
    assert worker.poll() is None
    arena.check()


def test_a_producer_is_told_of_a_full_disk(arena: Arena) -> None:
    """A clear error, nothing written; and the same call succeeds when there is room."""
    queue = TaskQueue(arena.path)
    queue.enqueue("quick")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        with pytest.raises(QueueDatabaseError, match=r"queue\.db"):
            queue.enqueue("quick")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    queue.enqueue("quick")
    assert QueueMonitoring(queue.database).get_queue_metrics()["queue_depth_by_status"] == {"queued": 2}
    queue.close()
