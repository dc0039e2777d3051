"""Describes the tasks of the audit, as `TaskQueue.enqueue_many` takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice

from examples.audit_python.audit import WORK, Entry
from examples.audit_python.discovery import Found
from musterq import EnqueueItem, TaskQueue

BATCH = 1_000
FIRST, LATER = 1, 100  # package tasks run before all others, since they say what else there is to do


class OtherTasksError(Exception):
    """The database is the queue of another program; the audit wants one of its own."""


def enqueue(queue: TaskQueue, found: Found) -> int:
    """Enqueue what was found, a batch in each transaction, and return how many tasks that is.

    Raises:
        OtherTasksError: the queue holds tasks that are none of the audit's; nothing was written.
    """
    if any(task.type not in WORK for task in queue.find(limit=1)):
        raise OtherTasksError(f"{queue.database.location} holds the tasks of another program; name a new file")
    tasks = _describe_all(found)
    while batch := list(islice(tasks, BATCH)):
        queue.enqueue_many(batch)
    return len(found.packages) + len(found.modules)


def package_task(folder: str) -> EnqueueItem:
    """Describe the task that audits one distribution."""
    return _describe("package", folder, {"folder": folder}, priority=FIRST)


def verify_task(folder: str, line: int, entry: Entry) -> EnqueueItem:
    """Describe the task that verifies what one line of a RECORD says."""
    return _describe("verify", f"{folder}:{line}", {"folder": folder, "path": entry.path, "digest": entry.digest})


def parse_task(path: str) -> EnqueueItem:
    """Describe the task that compiles one module."""
    return _describe("parse", path, {"path": path})


def _describe_all(found: Found) -> Iterator[EnqueueItem]:
    yield from map(package_task, found.packages)
    yield from map(parse_task, found.modules)


def _describe(type: str, what: str, payload: dict[str, str], priority: int = LATER) -> EnqueueItem:
    # A package task that runs twice, or a second start on the same database, must enqueue nothing twice.
    digest = hashlib.sha256(what.encode()).hexdigest()  # since a path may be longer than a key
    return {"type": type, "payload": payload, "priority": priority, "idempotency_key": f"{type} {digest}"}
