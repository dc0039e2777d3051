"""A worker process that begins one task and waits to be killed: ``victim.py DATABASE WORKER_ID``.

It puts the task in and takes it in one transaction, so that no other worker can be faster; lock, registration and begun
task are those of any worker. It prints the task's id when it has begun.
"""

import os
import signal
import socket
import sys

from musterq import TaskQueue
from musterq.models import ClaimRequest, NewTask, WorkerFacts


def main() -> None:
    """Begin, say so, and wait."""
    queue = TaskQueue(sys.argv[1])
    worker_id, storage = sys.argv[2], queue.storage
    lock = storage.liveness_lock(worker_id)
    storage.register(worker_id, '{"victim": true}', WorkerFacts(host=socket.gethostname(), pid=os.getpid()))
    request = ClaimRequest(worker_id=worker_id, types=frozenset({"started_at"}), lease_seconds=None)
    with queue.database.transaction():
        storage.enqueue([NewTask(type="started_at", payload="{}", priority=1)])
        (claim,) = storage.claim(request)
    lock.begin(0, claim.claim_token)
    print(claim.task_id, flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
