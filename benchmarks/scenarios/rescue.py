"""A worker is killed (SIGKILL) in the middle of a task, and the same task starts elsewhere.

Timed from just before the kill to the first line of the handler in another worker process: it is found dead, its task
is given back, claimed, and, being a suspect, started alone in a new child process. With nobody to claim it, until the
task is back in the queue, as the ledger tells.
"""

import time
from datetime import datetime
from pathlib import Path

from benchmarks.harness import Row, Target, median
from benchmarks.processes import Talk, running_worker
from benchmarks.setting import Setting
from musterq import QueueMonitoring, TaskQueue

PATIENCE_SECONDS = 30.0
LIMIT_MS = 1500.0
BUSY_SECONDS = 0.02


def rows(setting: Setting) -> list[Row]:
    """Worst and median of a hundred kills, a third of them in each setting."""
    kills = setting.choose(quick=3, usual=34)
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.database.initialize_schema()
        database = Path(queue.database.location)
        with running_worker(database):
            idle = [milliseconds_until_started(queue, f"idle-{number}") for number in range(kills)]
            busy = while_busy(queue, kills)
        with running_worker(database, "--types", "thumbnail"):
            queue.enqueue("thumbnail", {"path": "a", "width": 1}).wait(PATIENCE_SECONDS)  # from here on it is up
            unclaimed = [milliseconds_until_back(queue, f"unclaimed-{number}") for number in range(kills)]
    return [
        *figures("kill to start, idle workers", idle),
        *figures("kill to start, busy workers", busy),
        *figures("kill to queue, no claims", unclaimed),
    ]


def figures(name: str, milliseconds: list[float]) -> list[Row]:
    """Two rows."""
    return [
        Row(name=f"{name}, median of {len(milliseconds)}", figure=median(milliseconds), unit="ms"),
        Row(name=f"{name}, worst", figure=max(milliseconds), unit="ms", target=Target(below=LIMIT_MS)),
    ]


def while_busy(queue: TaskQueue, kills: int) -> list[float]:
    """The same while every thread of the worker has something to do, and more is waiting."""
    found = []
    for number in range(kills):
        queue.enqueue_many([{"type": "busy_work", "payload": {"seconds": BUSY_SECONDS}}] * 50)
        found.append(milliseconds_until_started(queue, f"busy-{number}"))
    return found


def milliseconds_until_started(queue: TaskQueue, worker_id: str) -> float:
    """From the kill of a worker that runs a task to the start of that task in another one."""
    task_id, killed_ns = killed(queue, worker_id)
    started_ns: int = queue_result(queue, task_id)
    return (started_ns - killed_ns) / 1e6


def milliseconds_until_back(queue: TaskQueue, worker_id: str) -> float:
    """From the kill to the moment at which the task was queued again."""
    task_id, killed_ns = killed(queue, worker_id)
    monitoring = QueueMonitoring(queue.database)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (rescued := monitoring.get_ledger(task_id=task_id)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"task {task_id} of a killed worker was not given back within {PATIENCE_SECONDS} s")
        time.sleep(0.001)
    queue.cancel(task_id)
    back = datetime.fromisoformat(f"{rescued[0]['at_utc']}+00:00")
    return back.timestamp() * 1e3 - killed_ns / 1e6


def killed(queue: TaskQueue, worker_id: str) -> tuple[int, int]:
    """Start a worker, kill it when it has begun its task; the id of that, and the time of the kill."""
    with Talk("victim", queue.database.location, worker_id) as victim:
        task_id = int(victim.hear())
        killed_ns = time.time_ns()
        victim.kill()
    return task_id, killed_ns


def queue_result(queue: TaskQueue, task_id: int) -> int:
    """What a task returned; raises when it has not finished in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (task := queue.get(task_id)) is None or task.status != "completed":
        if time.monotonic() > deadline:
            raise TimeoutError(f"task {task_id} of a killed worker was not run again within {PATIENCE_SECONDS} s")
        time.sleep(0.002)
    result: int = task.get_result()
    return result
