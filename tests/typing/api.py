"""What a type checker must see of the public API: `make check` runs mypy over this file, nobody runs the file.

Each ``type: ignore`` marks a mistake that must be found: mypy also complains where there is none.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, assert_type

from musterq.models import Claim, RetryPolicy, SchedulingStrategy, Task
from musterq.queue.aio import AsyncHandle, AsyncTaskQueue
from musterq.queue.groups import GroupHandle
from musterq.queue.handles import Handle
from musterq.queue.pages import Page
from musterq.queue.parts import Parallel, Part
from musterq.queue.task_queue import TaskQueue
from musterq.records import GroupProgress, Schedule

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


@queue.cron("*/5 * * * *", timezone="Europe/Berlin", catch_up="all", payload={"path": "a.png"}, priority=3)
@queue.task(type="thumbnail_5", max_attempts=3, hard_timeout=60, executor="processes")
def often(path: str) -> int:
    """Above a task."""
    return len(path)


@queue.task(type="below")
@queue.every(30)
async def below() -> str:
    """Below a task."""
    return ""


@queue.every(timedelta(hours=1), expires_in=60)
def alone(path: str = "a.png") -> int:
    """Without a task."""
    return len(path)


def schedules_leave_handlers_as_they_are() -> None:
    """Wherever they stand."""
    assert_type(often("a.png"), int)
    assert_type(often.enqueue("a.png"), Handle[int])
    often.enqueue(5)  # type: ignore[arg-type]
    _ = assert_type(below(), Coroutine[Any, Any, str])
    assert_type(below.enqueue().wait(), str)
    assert_type(alone.enqueue("b.png"), Handle[int])
    assert_type(queue.every(5)(sweep).enqueue(), Handle[None])
    assert_type(queue.schedules(), list[Schedule])
    queue.cron("* * * * *", delay=5)  # type: ignore[call-arg]
    queue.every("30")  # type: ignore[arg-type]


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


def parts_are_put_together() -> None:
    """Their arguments are checked when they are made, since one may be left open."""
    part = assert_type(thumbnail.part(width=128), Part)
    assert_type(thumbnail.options(priority=1).part("a.png").into("width"), Part)
    assert_type(queue.part("thumbnail", {"path": "a.png"}, priority=1), Part)
    assert_type(queue.parallel(part, part), Parallel)
    assert_type(queue.chain(fetch.part("/"), queue.parallel(part, part), part), Handle[Any])
    assert_type(queue.group(part, part, then=part), GroupHandle)
    assert_type(queue.group_progress(1), GroupProgress)
    queue.chain(thumbnail)  # type: ignore[arg-type]
    queue.group(queue.parallel(part))  # type: ignore[arg-type]
    queue.part("thumbnail", idempotency_key=7)  # type: ignore[arg-type]


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

    @aqueue.cron("0 2 * * *")
    @aqueue.task
    async def beat() -> int:
        return 1

    @aqueue.every(5)
    def pulse() -> int:
        return 1

    assert_type(await beat.enqueue(), AsyncHandle[int])
    assert_type(await pulse.enqueue(), AsyncHandle[int])

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
