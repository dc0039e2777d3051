"""A task with a past."""

from __future__ import annotations

import json

from musterq import TaskQueue
from musterq.models import Outcome, TaskStatus
from musterq.records import LogLine


def run_into_an_error(queue: TaskQueue) -> int:
    """A task that said something, and then failed with a traceback; its id."""
    storage, task_id = queue.storage, queue.enqueue("thumbnail", {"path": "a.png"}).id
    (claim,) = queue.claim("worker-01")
    fence = {"task_id": claim.task_id, "claim_token": claim.claim_token, "at": storage.clock.time(), "level": "INFO"}
    details = json.dumps({"logger": "shop", "traceback": "at the top\nfurther down"})
    storage.log([LogLine(**fence, message="page 1\npage 2", details=details)])
    traceback = "Traceback (most recent call last):\n  File a.py\nValueError: no such file"
    failed = Outcome(claim=claim, status=TaskStatus.FAILED, error="ValueError: no such file", traceback=traceback)
    assert storage.finish([failed]) == [True]
    return task_id
