"""Huey on SQLite, with the consumer that its own command starts."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from itertools import count

from huey import Huey
from huey.storage import SqliteStorage
from peer_script import PAYLOAD, THREADS, Run, main, stopwatch


class NormalStorage(SqliteStorage):
    """Huey's `fsync` knows FULL, its default, and OFF; this is the level in between that all others run at."""

    def _create_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._create_connection()
        connection.execute("pragma synchronous=normal")
        return connection


def open_queue(run: Run) -> Huey:
    storage = SqliteStorage if run.defaults else NormalStorage
    return Huey("bench", storage_class=storage, filename=str(run.folder / "huey.db"))


def fill(task: Callable[..., object], n: int) -> None:
    for _ in range(n):
        task(**PAYLOAD)


def handler(path: str, width: int) -> None:
    pass


def enqueue(run: Run) -> float:
    task = open_queue(run).task()(handler)
    elapsed = stopwatch()
    fill(task, run.n)
    return elapsed()


def claim_complete(run: Run) -> float:
    """Huey deletes a task as it takes it; executing it is what ends it."""
    huey = open_queue(run)
    fill(huey.task()(handler), run.n)
    elapsed = stopwatch()
    for _ in range(run.n):
        huey.execute(huey.dequeue())
    return elapsed()


def worker(run: Run) -> float:
    huey = open_queue(run)
    runs, finished = count(1), threading.Event()

    def counted(path: str, width: int) -> None:
        if next(runs) == run.n:
            finished.set()

    fill(huey.task()(counted), run.n)
    consumer = huey.create_consumer(workers=THREADS, worker_type="thread")
    elapsed = stopwatch()
    consumer.start()
    finished.wait()
    seconds = elapsed()
    consumer.stop(graceful=True)
    return seconds


if __name__ == "__main__":
    logging.getLogger("huey").setLevel(logging.ERROR)
    main("huey", {"enqueue": enqueue, "claim_complete": claim_complete, "worker": worker})
