"""What a type checker must see of the public API: `make check` runs mypy over this file, nobody runs the file.

Each ``type: ignore`` marks a mistake that must be found: mypy also complains where there is none.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from musterq.models import Claim, RetryPolicy, SchedulingStrategy, Task
from musterq.queue.aio import AsyncHandle, AsyncTaskQueue
from musterq.queue.handles import Handle
from musterq.queue.pages import Page
from musterq.queue.task_queue import TaskQueue

queue = TaskQueue("queue.db")


@queue.task(type="thumbnail", max_attempts=3, timeout=60, compatibility={"gpu": True}, retry=RetryPolicy(factor=3))
def thumbnail(path: str, width: int = 256) -> dict[str, int]:
    """Make a small picture."""
    return {path: width}


@queue.task
def sweep() -> None:
    """Clean up."""


@queue.task
async def fetch(url: str) -> bytes:
    """Get a page."""
    return url.encode()


@queue.task(type="fetch_all")
async def fetch_all(*, urls: list[str]) -> int:
    """Get many pages."""
    return len(urls)


def handlers_are_called_as_before() -> None:
    """A plain call has the handler's own types."""
    assert_type(thumbnail("a.png", width=128), dict[str, int])
    _ = assert_type(fetch("/"), Coroutine[Any, Any, bytes])
    thumbnail(1)  # type: ignore[arg-type]


def enqueue_has_the_handlers_parameters() -> None:
    """And its handle has the handler's result."""
    assert_type(thumbnail.enqueue("a.png", width=128), Handle[dict[str, int]])
    assert_type(thumbnail.enqueue("a.png").wait(timeout=30), dict[str, int])
    assert_type(fetch.enqueue("/"), Handle[bytes])
    assert_type(fetch_all.enqueue(urls=["/"]).wait(), int)
    sweep.enqueue()
    thumbnail.enqueue()  # type: ignore[call-arg]
    thumbnail.enqueue("a.png", width="128")  # type: ignore[arg-type]
    thumbnail.enqueue("a.png", height=128)  # type: ignore[call-arg]
    fetch_all.enqueue(["/"])  # type: ignore[call-arg]
    sweep.enqueue(1)  # type: ignore[call-arg]


def options_are_typed() -> None:
    """Those of a definition, of one task, and of a task by name."""
    assert_type(thumbnail.options(priority=1, delay=60).enqueue("b.png"), Handle[dict[str, int]])
    thumbnail.options(priority=1).enqueue(2)  # type: ignore[arg-type]
    thumbnail.options(priority="high")  # type: ignore[arg-type]
    thumbnail.options(prio=1)  # type: ignore[call-arg]
    queue.task(delay=5)  # type: ignore[call-overload]
    assert_type(queue.enqueue("thumbnail", {"path": "c.png"}, idempotency_key="c"), Handle[Any])
    queue.enqueue("thumbnail", idempotency_key=7)  # type: ignore[arg-type]
    queue.enqueue_many([{"type": "thumbnail", "payload": {}, "priority": 5}])
    queue.enqueue_many([{"payload": {}}])  # type: ignore[typeddict-item]


def claims_are_typed() -> None:
    """From claim to finish, and what looking gives."""
    claims = queue.claim("worker-01", 10, types=["thumbnail"], strategy=SchedulingStrategy.FIFO)
    assert_type(claims, list[Claim])
    assert_type(queue.complete(claims[0], result={"bytes": 1}), bool)
    queue.complete(1)  # type: ignore[arg-type]
    assert_type(queue.get(1), Task | None)
    assert_type(queue.find(status="failed").cursor, str | None)


async def coroutines_have_the_same_types() -> None:
    """Awaited."""
    aqueue = AsyncTaskQueue(queue)

    @aqueue.task
    def double(n: int) -> int:
        return 2 * n

    @aqueue.task(type="triple", priority=3)
    async def triple(n: int) -> int:
        return 3 * n

    assert_type(double(1), int)
    assert_type(await triple(1), int)
    assert_type(await double.enqueue(1), AsyncHandle[int])
    assert_type(await (await triple.enqueue(n=1)).wait(), int)
    assert_type(await triple.options(delay=1).enqueue(1), AsyncHandle[int])
    await double.enqueue("1")  # type: ignore[arg-type]
    assert_type(await aqueue.claim("worker-01", limit=2), list[Claim])
    assert_type(await aqueue.find(status="failed", limit=5), Page)
    await aqueue.find(state="failed")  # type: ignore[call-arg]
