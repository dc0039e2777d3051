"""One producer or worker on a queue: process_program.py DATABASE produce NAME N | work NAME TOTAL.

Waits for a line on standard input, so that all begin together. Prints its figures as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.storage.sqlite.engine import SQLiteStorage


def produce(storage: SQLiteStorage, name: str, tasks: str) -> dict[str, Any]:
    """Enqueue tasks one at a time: how long each took, and when the last was in."""
    seconds = []
    for n in range(int(tasks)):
        begun = time.perf_counter()
        storage.enqueue([NewTask(type="t", payload=f'"{name}-{n}"')])
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds}


def work(storage: SQLiteStorage, name: str, total: str) -> dict[str, Any]:
    """Claim and complete until all are done: what was run here."""
    run = []
    while sum(n for (_, status), n in storage.task_counts().items() if status is TaskStatus.COMPLETED) < int(total):
        for claim in storage.claim(ClaimRequest(worker_id=name, limit=10)):
            run.append(claim.arguments)
            assert storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED)]) == [True]
    return {"run": run}


def produce_for(storage: SQLiteStorage, name: str, seconds: str) -> dict[str, Any]:
    """Enqueue without a pause for so long: how many."""
    end = time.monotonic() + float(seconds)
    done = 0
    while time.monotonic() < end:
        storage.enqueue([NewTask(type="t", payload=f'"{name}-{done}"')])
        done += 1
    return {"done": done, "log_bytes": Path(f"{storage.location}-wal").stat().st_size}


def main(path: str, role: str, name: str, amount: str) -> None:
    storage = SQLiteStorage(path)
    storage.task_counts()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    figures = {"produce": produce, "work": work, "produce_for": produce_for}[role](storage, name, amount)
    storage.close()
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
