"""A worker process that takes tasks under its liveness lock, says so, and waits to be killed."""

from __future__ import annotations

import os
import socket
import sys

from musterq.models import ClaimRequest, WorkerFacts
from musterq.storage import open_storage

location, worker_id, limit = sys.argv[1:]
storage = open_storage(location)
lock = storage.liveness_lock(worker_id)
storage.register(worker_id, "{}", WorkerFacts(host=socket.gethostname(), pid=os.getpid()))
claims = storage.claim(ClaimRequest(worker_id=worker_id, limit=int(limit), lease_seconds=None))
sys.stdout.write(" ".join(str(claim.task_id) for claim in claims) + "\n")
sys.stdout.flush()
sys.stdin.read()
lock.release()
