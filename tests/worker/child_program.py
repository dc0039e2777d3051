"""A program that defines its queue and works on it in one file: ``child_program.py DATABASE [OPTION=JSON ...]``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine

queue = TaskQueue(sys.argv[1])


@queue.task()
def whose_child() -> list[str]:
    """Under which name this file is loaded, and how its program was called."""
    return [__name__, sys.argv[1]]


@queue.task()
def sleep(seconds: float) -> None:
    """Tell the process, and end after so long."""
    current_task().progress(0.5, str(os.getpid()))
    time.sleep(seconds)


@queue.task()
def spin() -> None:
    """Never end, in pure Python."""
    current_task().progress(0.5, str(os.getpid()))
    while True:
        pass


@queue.task()
def outlive_the_worker() -> None:
    """Go on although the worker has died: let the kernel not tell, and keep the interpreter."""
    import ctypes

    ctypes.CDLL(None).prctl(1, 0)  # PR_SET_PDEATHSIG
    current_task().progress(0.5, str(os.getpid()))
    ctypes.PyDLL(None).sleep(60)


@queue.task()
def take_memory(mib: int) -> None:
    """Hold so much memory, and be killed as the kernel does it to whoever holds too much."""
    held = b"x" * (mib * 2**20)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(len(held))


@queue.task()
def fork_and_sleep() -> None:
    """Leave a process behind, tell its id, and never end."""
    left = os.fork()
    if left == 0:
        time.sleep(3600)
    current_task().progress(0.5, str(left))
    time.sleep(3600)


def main() -> None:
    """Run a worker of child processes."""
    options = dict(argument.split("=", 1) for argument in sys.argv[2:]) or {"burst": "true"}
    engine = WorkerEngine(queue, executor="processes", **{name: json.loads(text) for name, text in options.items()})
    signal.signal(signal.SIGTERM, lambda *_: engine.stop())
    engine.run()


if __name__ == "__main__":
    main()
