"""A worker process: ``worker_program.py DATABASE WORKER_ID [OPTION=JSON ...]``.

Its tasks tell in the database how far they are, and wait for files beside it: `hold` until ``go`` is there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine

queue = TaskQueue(sys.argv[1])
GO = Path(sys.argv[1]).with_name("go")


@queue.task()
def hold() -> str:
    """Begin, and end when the file is there."""
    current_task().progress(0.5)
    pause = threading.Event()
    while not GO.exists():
        pause.wait(0.01)
    return current_task().worker_id


@queue.task()
def now() -> float:
    """The time at which it ran."""
    return time.time()


@queue.task()
def die() -> None:
    """Take the worker along."""
    os.kill(os.getpid(), signal.SIGKILL)


@queue.task()
def spin(seconds: float) -> None:
    """Keep the interpreter busy in pure Python."""
    current_task().progress(0.5)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def main() -> None:
    """Run the worker until a signal stops it."""
    options = dict(argument.split("=", 1) for argument in sys.argv[3:])
    engine = WorkerEngine(queue, worker_id=sys.argv[2], **{name: json.loads(text) for name, text in options.items()})
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    engine.run()


if __name__ == "__main__":
    main()
