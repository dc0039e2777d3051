"""The same verbs for coroutines, run off the event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import TaskFailedError, TaskNotFoundError, WaitTimeoutError
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.task_queue import TaskQueue


@pytest.fixture
def aqueue(queue: TaskQueue) -> AsyncTaskQueue:
    return AsyncTaskQueue(queue)


def test_a_task_is_enqueued_drained_and_awaited(aqueue: AsyncTaskQueue):
    """The handler may be a plain function or an ``async def``; plain calls are as before."""

    @aqueue.task(type="double")
    def double(n: int) -> int:
        return 2 * n

    @aqueue.task
    async def triple(n: int) -> int:
        return 3 * n

    async def program() -> list[int]:
        handles = [await double.enqueue(21), await triple.options(priority=1).enqueue(n=14)]
        await aqueue.drain()
        return [await handle.wait() for handle in handles] + [double(1), await triple(1)]

    assert asyncio.run(program()) == [42, 42, 2, 3]


def test_every_verb_of_the_queue_is_awaited(aqueue: AsyncTaskQueue):
    """By the same names, with the same arguments and results."""

    async def program() -> None:
        handle = await aqueue.enqueue("report", {"year": 2025}, priority=3)
        (claim,) = await aqueue.claim("worker-01", limit=5, types=["report"])
        assert await aqueue.extend(claim, 120)
        assert await aqueue.release(claim)
        (claim,) = await aqueue.claim("worker-01")
        assert await aqueue.fail(claim, "no such year", retry=False)
        assert [task.id for task in await aqueue.find(status="failed")] == [handle.id]
        assert await aqueue.retry(handle.id)
        await aqueue.pause("report")
        assert await aqueue.paused() == ["report"]
        assert await aqueue.claim("worker-01") == []
        assert await aqueue.resume("report")
        (claim,) = await aqueue.claim("worker-01")
        assert await aqueue.complete(claim, result=[1])
        assert await handle.status() == "completed"
        assert await aqueue.handle(handle.id).wait() == [1]
        other, _ = await aqueue.enqueue_many([{"type": "a"}, {"type": "b"}])
        assert await aqueue.cancel(other.id)
        assert (await other.get()) == await aqueue.get(other.id)

    asyncio.run(program())


def test_many_may_wait_at_once(aqueue: AsyncTaskQueue):
    """They hold no thread each: the verbs that finish their tasks still find one."""
    number = 100

    async def program() -> list[int]:
        handles = await aqueue.enqueue_many([{"type": "a"} for _ in range(number)])
        waiting = asyncio.gather(*(handle.wait(30) for handle in handles))
        for claim in await aqueue.claim("worker-01", limit=number):
            await aqueue.complete(claim, result=claim.task_id)
        return [result - handle.id for result, handle in zip(await waiting, handles, strict=True)]

    assert asyncio.run(program()) == [0] * number


async def fail_it(aqueue: AsyncTaskQueue) -> None:
    (claim,) = await aqueue.claim("worker-01")
    await aqueue.fail(claim, "bad luck", retry=False)


async def delete_it(aqueue: AsyncTaskQueue) -> None:
    await asyncio.to_thread(aqueue.queue.database.execute, "DELETE FROM task_queue")


async def leave_it(aqueue: AsyncTaskQueue) -> None:
    """Nobody does anything."""


@pytest.mark.parametrize(
    ("what_happens", "timeout", "error"),
    [(fail_it, 30, TaskFailedError), (delete_it, 30, TaskNotFoundError), (leave_it, 0.01, WaitTimeoutError)],
)
def test_waiting_ends_as_it_does_for_threads(
    aqueue: AsyncTaskQueue,
    what_happens: Callable[[AsyncTaskQueue], Coroutine[Any, Any, None]],
    timeout: float,
    error: type[Exception],
):
    """With the task's error, when it is gone, or when the time is over."""

    async def program() -> None:
        handle = await aqueue.enqueue("a")
        _, ended = await asyncio.gather(what_happens(aqueue), handle.wait(timeout), return_exceptions=True)
        assert type(ended) is error

    asyncio.run(program())


def test_a_wait_that_was_cancelled_harms_no_other(aqueue: AsyncTaskQueue):
    """Each waits for himself."""

    async def program() -> None:
        handle = await aqueue.enqueue("a")
        given_up, patient = asyncio.ensure_future(handle.wait()), asyncio.ensure_future(handle.wait(30))
        await asyncio.sleep(0)
        given_up.cancel()
        (claim,) = await aqueue.claim("worker-01")
        await aqueue.complete(claim, result="done")
        assert await patient == "done"
        assert given_up.cancelled()

    asyncio.run(program())


def test_immediate_mode_is_a_block_of_coroutines_too(aqueue: AsyncTaskQueue):
    """An ``async def`` runs beside the loop."""

    @aqueue.task
    async def double(n: int) -> int:
        return 2 * n

    async def program() -> int:
        async with aqueue.immediate():
            handle = await double.enqueue(21)
        return await handle.wait(0)

    assert asyncio.run(program()) == 42


def test_a_queue_that_was_opened_here_is_closed_here(tmp_path: Path):
    """``async with`` opens a path as TaskQueue does."""

    async def program() -> AsyncTaskQueue:
        async with AsyncTaskQueue(tmp_path / "queue.db") as aqueue:
            assert (await aqueue.enqueue("a")).created
        return aqueue

    closed = asyncio.run(program())
    with pytest.raises(Exception, match="closed"):
        closed.queue.find()
