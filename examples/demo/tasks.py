"""The queue of the demo, and its handlers."""

from __future__ import annotations

import time

from musterq import TaskQueue

#: At MUSTERQ_DATABASE, which the demo sets for its workers.
queue = TaskQueue()
STUCK_SECONDS = 600


@queue.task(type="thumbnail", max_attempts=1)
def thumbnail(path: str) -> str:
    """All is well with these."""
    time.sleep(0.01)
    return f"{path}.small.png"


@queue.task(type="invoice", max_attempts=1)
def invoice(number: int) -> None:
    """Each one fails."""
    raise ConnectionError(f"invoice {number}: the tax office does not answer")


@queue.task(type="report", timeout=1)
def report(year: int) -> None:
    """Hangs in a call that no time limit can end, so that its worker is wedged."""
    print(f"the report of {year} hangs")
    time.sleep(STUCK_SECONDS)


@queue.task(type="import", max_crashes=5)
def import_rows(file: str) -> None:
    """Runs until its worker is killed."""
    print(f"{file} is imported")
    time.sleep(STUCK_SECONDS)


@queue.task(type="video", compatibility={"gpu": True})
def video(path: str) -> str:
    """Needs what no worker has."""
    return f"{path}.mp4"
