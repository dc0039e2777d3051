"""Worker processes, and the signals that end them."""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue
from tests.worker.waiting import LIMIT, until

PROGRAM = Path(__file__).with_name("worker_program.py")

Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(queue: TaskQueue) -> Iterator[Spawn]:
    """Starts worker processes on the queue, and returns once each is registered."""
    started: list[subprocess.Popen[bytes]] = []

    def start(worker_id: str, **options: Any) -> subprocess.Popen[bytes]:
        arguments = [f"{name}={value}" for name, value in options.items()]
        process = subprocess.Popen([sys.executable, str(PROGRAM), queue.database.location, worker_id, *arguments])
        started.append(process)
        until(lambda: queue.storage.worker(worker_id) or process.poll() is not None)
        assert process.poll() is None, "the worker ended at once"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(LIMIT)


def begin(queue: TaskQueue, type: str = "hold", **payload: Any) -> Handle[Any]:
    """A task that a worker has begun."""
    handle: Handle[Any] = queue.enqueue(type, payload)
    until(lambda: handle.get().progress)
    return handle


def go(queue: TaskQueue) -> None:
    """Let every `hold` end."""
    Path(queue.database.location).with_name("go").touch()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_lets_what_runs_finish(queue: TaskQueue, spawn: Spawn, number: signal.Signals) -> None:
    """The process ends by itself, with its tasks done and its place given up."""
    worker = spawn("w1")
    handle = begin(queue)
    worker.send_signal(number)
    until(lambda: [activity.status for activity in queue.storage.worker_activity()] == ["draining"])
    go(queue)
    assert worker.wait(LIMIT) == 0
    assert (handle.wait(0), queue.storage.workers()) == ("w1", [])


def test_a_second_signal_ends_it_at_once(queue: TaskQueue, spawn: Spawn) -> None:
    """What ran is back in the queue when the process has ended, and needs no rescue."""
    worker = spawn("w1", grace_seconds=3600)
    handle = begin(queue)
    worker.terminate()
    until(lambda: [activity.status for activity in queue.storage.worker_activity()] == ["draining"])
    worker.terminate()
    assert worker.wait(LIMIT) == 0
    task = handle.get()
    assert (task.status, task.attempts, queue.storage.workers()) == ("queued", 0, [])


def test_the_tasks_of_a_killed_worker_come_back(queue: TaskQueue, spawn: Spawn) -> None:
    """Another worker runs them; the killed one stays on the list, as lost."""
    worker = spawn("w1", lease_seconds=0.5, heartbeat_seconds=0.1)
    handle = begin(queue)
    worker.kill()
    worker.wait(LIMIT)
    go(queue)
    spawn("w2")
    assert handle.wait(LIMIT) == "w2"
    assert {activity.worker_id: activity.status for activity in queue.storage.worker_activity()}["w1"] == "lost"


def test_the_id_of_a_killed_worker_is_free(queue: TaskQueue, spawn: Spawn) -> None:
    """Its lock died with it."""
    worker = spawn("w1")
    worker.kill()
    worker.wait(LIMIT)
    spawn("w1")


def test_a_removed_worker_ends_its_process(queue: TaskQueue, spawn: Spawn) -> None:
    """Told by its next beat; it does not register again."""
    worker = spawn("w1", heartbeat_seconds=0.05)
    assert queue.storage.remove_worker("w1")
    assert worker.wait(LIMIT) == 0
    assert queue.storage.workers() == []


def test_handlers_in_pure_python_do_not_starve_the_heartbeat(queue: TaskQueue, spawn: Spawn) -> None:
    """Four of them at once keep the interpreter busy for longer than the lease, and lose no task."""
    spawn("w1", concurrency=4, lease_seconds=1.0, heartbeat_seconds=0.2)
    handles = [begin(queue, "spin", seconds=2.5) for _ in range(4)]
    beats = set()

    def finished() -> bool:
        worker = queue.storage.worker("w1")
        assert worker is not None
        beats.add(worker.heartbeat_utc)
        queue.storage.rescue_expired()
        return all(handle.status() == "completed" for handle in handles)

    until(finished)
    assert [handle.get().attempts for handle in handles] == [1] * 4
    assert len(beats) > 3


def test_an_idle_worker_is_woken_by_another_process(queue: TaskQueue, spawn: Spawn) -> None:
    """Long before its next look: the median is far under a second even on a busy machine."""
    spawn("w1")
    delays = []
    for _ in range(10):
        enqueued = time.time()
        delays.append(queue.enqueue("now", {}).wait(LIMIT) - enqueued)
    assert statistics.median(delays) < 0.25


@pytest.mark.parametrize("before", [0, 300])
def test_a_task_that_kills_its_workers_is_charged_and_no_other(queue: TaskQueue, before: int) -> None:
    """Also where it was claimed ahead among many short ones, and died with the worker before anything was written.

    It takes one worker along; from then on it is a suspect.
    """
    queue.enqueue_many([{"type": "now"}] * before)
    deadly = queue.enqueue("die")
    queue.enqueue_many([{"type": "now"}] * 300)
    arguments = [sys.executable, str(PROGRAM), queue.database.location, "w1", "concurrency=1", "burst=true"]
    codes = [subprocess.run(arguments, check=False, timeout=LIMIT).returncode for _ in range(2)]
    assert codes == [-signal.SIGKILL, 0]  # the second worker runs it alone in a child process, which alone dies of it
    task = deadly.get()
    assert (task.status, task.crashes, task.error_message[:11]) == ("failed", 3, "worker lost")
    charged = queue.database.execute("SELECT count(*) FROM task_queue WHERE type = 'now' AND crashes > 0").fetchone()[0]
    assert (charged, len(queue.find(status="completed", limit=1000))) == (0, before + 300)
