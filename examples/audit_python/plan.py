"""Describes the tasks of the audit, as `TaskQueue.enqueue_many` takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from examples.audit_python.audit import Entry
from examples.audit_python.discovery import Found
from musterq import TaskQueue

Description = dict[str, Any]

BATCH = 1_000
FIRST = 1  # package tasks run before all others, since they say what else there is to do


def enqueue(queue: TaskQueue, found: Found) -> int:
    """Enqueue what was found, a batch in each transaction, and return how many tasks that is."""
    tasks = _describe_all(found)
    while batch := list(islice(tasks, BATCH)):
        queue.enqueue_many(batch)
    return len(found.packages) + len(found.modules)


def package_task(folder: str) -> Description:
    """Describe the task that audits one distribution."""
    return _describe("package", folder, {"folder": folder}) | {"priority": FIRST}


def verify_task(folder: str, line: int, entry: Entry) -> Description:
    """Describe the task that verifies what one line of a RECORD says."""
    return _describe("verify", f"{folder}:{line}", {"folder": folder, "path": entry.path, "digest": entry.digest})


def parse_task(path: str) -> Description:
    """Describe the task that compiles one module."""
    return _describe("parse", path, {"path": path})


def _describe_all(found: Found) -> Iterator[Description]:
    yield from map(package_task, found.packages)
    yield from map(parse_task, found.modules)


def _describe(type: str, what: str, payload: dict[str, str]) -> Description:
    # A package task that runs twice, or a second start on the same database, must enqueue nothing twice.
    digest = hashlib.sha256(what.encode()).hexdigest()  # since a path may be longer than a key
    return {"type": type, "payload": payload, "idempotency_key": f"{type} {digest}"}
