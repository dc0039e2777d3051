"""One worker of the demo: ``python -m examples.demo.worker ID TYPE,...``."""

from __future__ import annotations

import sys

from examples.demo.tasks import queue
from musterq import WorkerEngine

HEARTBEAT_SECONDS = 1.0


def main() -> None:
    """Work until it is killed."""
    worker_id, types = sys.argv[1:]
    WorkerEngine(
        queue,
        worker_id=worker_id,
        types=types.split(","),
        capabilities={"cpu": 4},
        concurrency=2,
        heartbeat_seconds=HEARTBEAT_SECONDS,
    ).run()


if __name__ == "__main__":
    main()
