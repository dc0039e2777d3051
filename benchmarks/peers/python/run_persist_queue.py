"""persist-queue's acknowledging queue, which sets WAL by itself. It has no worker."""

from pathlib import Path

from peer_script import PAYLOAD, Run, main, stopwatch
from persistqueue import SQLiteAckQueue
from persistqueue.serializers import json


def open_queue(folder: Path) -> SQLiteAckQueue:
    queue = SQLiteAckQueue(str(folder), serializer=json)
    queue._putter.execute("pragma synchronous=normal")
    return queue


def fill(queue: SQLiteAckQueue, n: int) -> None:
    for _ in range(n):
        queue.put(PAYLOAD)


def enqueue(run: Run) -> float:
    queue = open_queue(run.folder)
    elapsed = stopwatch()
    fill(queue, run.n)
    return elapsed()


def claim_complete(run: Run) -> float:
    queue = open_queue(run.folder)
    fill(queue, run.n)
    elapsed = stopwatch()
    for _ in range(run.n):
        queue.ack(queue.get())
    return elapsed()


if __name__ == "__main__":
    main("persist-queue", {"enqueue": enqueue, "claim_complete": claim_complete})
