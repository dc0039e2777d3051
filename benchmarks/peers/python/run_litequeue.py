"""litequeue, which sets WAL and synchronous=NORMAL by itself. It has no worker."""

import json
from pathlib import Path

from litequeue import LiteQueue, Message
from peer_script import PAYLOAD, Run, main, stopwatch


def open_queue(folder: Path) -> LiteQueue:
    return LiteQueue(str(folder / "litequeue.db"))


def fill(queue: LiteQueue, n: int) -> None:
    for _ in range(n):
        queue.put(json.dumps(PAYLOAD))


def acknowledge(queue: LiteQueue, message: Message) -> None:
    """From 0.10 on a message is done only for the claim that took it."""
    claim = {"claim_id": message.claim_id} if hasattr(message, "claim_id") else {}
    queue.done(message.message_id, **claim)


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
        message = queue.pop()
        json.loads(message.data)
        acknowledge(queue, message)
    return elapsed()


if __name__ == "__main__":
    main("litequeue", {"enqueue": enqueue, "claim_complete": claim_complete})
