"""The queue, and the handlers of the three types of tasks: what ``musterq worker`` imports."""

from __future__ import annotations

import time

from examples.audit_python import audit, plan
from examples.audit_python.audit import Result
from musterq import TaskQueue

queue = TaskQueue()  # in the database that `musterq worker --database` names


@queue.task(type="package")
def package(folder: str) -> Result:
    """Enqueue a task for each file that this distribution says it installed."""
    result = timed("package", folder=folder)
    if result["files"]:
        lines = enumerate(audit.read_record(folder), start=1)
        queue.enqueue_many([plan.verify_task(folder, line, entry) for line, entry in lines])
    return result


@queue.task(type="verify")
def verify(folder: str, path: str, digest: str) -> Result:
    """Compare one installed file with its RECORD."""
    return timed("verify", folder=folder, path=path, digest=digest)


@queue.task(type="parse")
def parse(path: str) -> Result:
    """Compile one module."""
    return timed("parse", path=path)


def timed(type: str, **payload: str) -> Result:
    """Do the work of a task, and note how many seconds it took."""
    begin = time.perf_counter()
    result = audit.WORK[type](**payload)
    return result | {"seconds": round(time.perf_counter() - begin, 6)}
