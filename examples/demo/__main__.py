"""The program: ``python -m examples.demo``, which ``make demo`` runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.demo.fleet import Fleet
from musterq import QueueDatabase, QueueMonitoring, TaskQueue

FINE, FAILED = 0, 1
LIMIT_SECONDS = 60.0
LOOK_SECONDS = 0.1
INVOICES, THUMBNAILS, VIDEOS = 30, 200, 3
#: What must be named by both commands: a wedged worker, a missing capability, a killed worker, a failing type.
TROUBLES = ("demo-wedged", "video", "demo-killed", "invoice")


def main() -> int:
    """Let four things go wrong, show what the commands say, and see whether they name all of them."""
    with tempfile.TemporaryDirectory(prefix="musterq-demo-") as folder:
        database = Path(folder) / "demo.db"
        with TaskQueue(QueueDatabase(database)) as queue, Fleet(database) as fleet:
            queue.database.initialize_schema()
            set_up(queue, fleet)
            health = shown("health", database)
            top = shown("top", database, "--once")
    return verdict({"musterq health": health, "musterq top": top})


def set_up(queue: TaskQueue, fleet: Fleet) -> None:
    """A fleet at work, with its four troubles."""
    print("Four workers: one works, one fails each time, one hangs, one is killed. Videos want a GPU, which none has.")
    enqueue(queue)
    fleet.start("demo-killed", "import")
    fleet.start("demo-wedged", "report")
    fleet.start("demo-invoices", "invoice")
    monitoring = QueueMonitoring(queue.database)
    until(lambda: monitoring.get_totals(by=None)["started"] >= INVOICES + 2)
    fleet.start("demo-helper", "thumbnail", "video", "import")
    until(lambda: monitoring.get_totals()["thumbnail"]["completed"] == THUMBNAILS)
    fleet.kill("demo-killed")
    until(lambda: states(monitoring).get("demo-killed") == "lost" and states(monitoring).get("demo-wedged") == "wedged")
    until(lambda: monitoring.get_totals(by=None)["rescued"] > 0)
    until(lambda: monitoring.get_queue_metrics()["queue_depth_by_status"].get("failed") == INVOICES)


def enqueue(queue: TaskQueue) -> None:
    """The work."""
    queue.enqueue("import", {"file": "customers.csv"}, max_crashes=5)
    queue.enqueue("report", {"year": 2026}, timeout=1)
    queue.enqueue_many([{"type": "thumbnail", "payload": {"path": f"{n}.png"}} for n in range(THUMBNAILS)])
    queue.enqueue_many([{"type": "invoice", "payload": {"number": n}, "max_attempts": 1} for n in range(INVOICES)])
    queue.enqueue_many(
        [
            {"type": "video", "payload": {"path": f"{n}.mov"}, "compatibility": {"gpu": True}, "priority": 10}
            for n in range(VIDEOS)
        ]
    )


def states(monitoring: QueueMonitoring) -> dict[str, str]:
    """What each worker is doing."""
    return {worker["worker_id"]: worker["status"] for worker in monitoring.get_worker_activity()}


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come.

    Raises:
        TimeoutError: it did not.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the fleet did not get there within {LIMIT_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


def shown(command: str, database: Path, *options: str) -> str:
    """Run a command of musterq as one would in a shell, and return what it prints."""
    words: Sequence[str] = [command, *options]
    print(f"\n$ musterq {' '.join(words)}", flush=True)
    ran = subprocess.run(
        [sys.executable, "-m", "musterq", *words],
        env={**os.environ, "MUSTERQ_DATABASE": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(ran.stdout + ran.stderr, end="", flush=True)
    return ran.stdout


def verdict(outputs: dict[str, str]) -> int:
    """Whether each command named all four troubles."""
    print()
    missing = [
        f"{command} does not name {what}" for command, out in outputs.items() for what in TROUBLES if what not in out
    ]
    for line in missing:
        print(line, file=sys.stderr)
    if not missing:
        print(f"{' and '.join(outputs)} name all four: {', '.join(TROUBLES)}.")
    return FAILED if missing else FINE


if __name__ == "__main__":
    sys.exit(main())
