"""Many workers in one process: ``crowd_program.py DATABASE NUMBER COUNT``; they hold their locks until it is killed."""

from __future__ import annotations

import os
import signal
import sys
import threading

from musterq import QueueDatabase
from musterq.models import WorkerFacts


def main() -> None:
    """Register all at once, each from a thread of its own."""
    storage = QueueDatabase(sys.argv[1]).storage
    locks = []

    def register(worker_id: str) -> None:
        locks.append(storage.liveness_lock(worker_id))
        storage.register(worker_id, "{}", WorkerFacts(host="here", pid=os.getpid()))

    threads = [
        threading.Thread(target=register, args=(f"crowd-{sys.argv[2]}-{number}",)) for number in range(int(sys.argv[3]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    signal.pause()


if __name__ == "__main__":
    main()
