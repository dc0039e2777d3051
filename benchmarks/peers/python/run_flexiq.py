"""flexiq, which sets WAL and synchronous=NORMAL by itself. Only its worker can take a task: no claim_complete."""

import contextlib
import io
import os
from itertools import count

from flexiq import Queue
from peer_script import PAYLOAD, THREADS, Run, main, stopwatch


def open_queue(run: Run) -> Queue:
    """By default it has a thread per core and looks each 50 ms; batched claims and wake-ups only slow it on SQLite."""
    settings = {} if run.defaults else {"workers": THREADS, "scheduler_poll_interval_ms": 1}
    return Queue(db_path=str(run.folder / "flexiq.db"), **settings)


def handler(path: str, width: int) -> None:
    pass


def enqueue(run: Run) -> float:
    task = open_queue(run).task()(handler)
    elapsed = stopwatch()
    for _ in range(run.n):
        task.delay(**PAYLOAD)
    return elapsed()


def worker(run: Run) -> float:
    queue = open_queue(run)
    runs, seconds = count(1), 0.0

    def counted(path: str, width: int) -> None:
        nonlocal seconds
        if next(runs) == run.n:
            seconds = elapsed()
            queue.shutdown()

    queue.task()(counted).map([tuple(PAYLOAD.values())] * run.n)
    elapsed = stopwatch()
    with contextlib.redirect_stdout(io.StringIO()):
        queue.run_worker()
    return seconds


if __name__ == "__main__":
    os.environ["FLEXIQ_LOG_LEVEL"] = "ERROR"
    main("flexiq", {"enqueue": enqueue, "worker": worker})
