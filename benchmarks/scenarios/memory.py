"""A worker's memory after many tasks, and whether it grows with them."""

from pathlib import Path

from benchmarks.harness import Row, Target
from benchmarks.processes import running_worker
from benchmarks.setting import PAYLOAD, TYPE, Setting
from musterq import TaskQueue

PARTS = 10
MEBIBYTE = 2**20
PATIENCE_SECONDS = 300.0


def rows(setting: Setting) -> list[Row]:
    """Its memory at the end, and the end over what it was after the first tenth."""
    n = setting.choose(quick=10_000, usual=100_000, large=1_000_000)
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        queue.database.initialize_schema()
        with running_worker(Path(queue.database.location)):
            sizes = [mebibytes_after(queue, n // PARTS) for _ in range(PARTS)]
    return [
        Row(name=f"memory, {n:,} tasks", figure=max(sizes), unit="MiB", target=Target(below=80.0)),
        Row(
            name="memory",
            against="after a tenth",
            figure=sizes[-1] / sizes[0],
            unit="x",
            target=Target(below=1.1),
        ),
    ]


def mebibytes_after(queue: TaskQueue, n: int) -> float:
    """The worker's memory when it has done `n` more tasks."""
    queue.enqueue_many([{"type": TYPE, "payload": PAYLOAD}] * n)
    last = queue.enqueue("resident_bytes", priority=1000)  # so that it comes when all others have begun
    return float(last.wait(PATIENCE_SECONDS)) / MEBIBYTE
