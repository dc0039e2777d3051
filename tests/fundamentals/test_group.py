"""Groups: tasks that run side by side, how far they are, and the one that follows them."""

import asyncio
import time

import pytest

from musterq.errors import TaskFailedError, TaskNotFoundError, WaitTimeoutError
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.groups import GroupHandle
from musterq.queue.task_queue import TaskQueue
from musterq.queue.tasks import FunctionTask


@pytest.fixture
def halve(queue: TaskQueue) -> FunctionTask[[int], int]:
    """A handler that an odd number fails for good."""

    @queue.task(max_attempts=1)
    def halve(n: int) -> int:
        if n % 2:
            raise ValueError(f"{n} is odd")
        return n // 2

    return halve


@pytest.fixture
def total(queue: TaskQueue) -> FunctionTask[[list[int]], int]:
    """A handler that takes a list."""

    @queue.task
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    return total


def test_results_are_in_the_order_of_the_parts(queue: TaskQueue, halve: FunctionTask[[int], int]):
    """Whichever ran first."""
    group = queue.group(halve.options(priority=9).part(2), halve.options(priority=1).part(4), halve.part(6))
    queue.drain()
    assert group.wait(0) == [1, 2, 3]


def test_what_follows_is_given_all_results(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """As a list, once; waiting for the group is waiting for it."""
    group = queue.group(halve.part(2), halve.part(4), then=total.part())
    assert group.then is not None
    assert queue.drain() == 3
    assert (group.wait(0), group.then.wait(0)) == (3, 3)


def test_the_progress_is_there_for_other_processes_too(queue: TaskQueue, halve: FunctionTask[[int], int]):
    """By the id of the group, which is that of its first part."""
    group = queue.group(*(halve.part(n) for n in (2, 4, 6, 8)))
    assert (group.id, len(group.handles), repr(group)) == (group.handles[0].id, 4, "<GroupHandle of group 1, 4 parts>")
    assert group.progress().done == 0
    queue.drain(limit=3)
    progress = queue.group_progress(group.id)
    assert (progress.total, progress.by_status, progress.done) == (4, {"completed": 3, "queued": 1}, 0.75)


def test_there_is_no_progress_without_a_group(queue: TaskQueue, halve: FunctionTask[[int], int]):
    """A single task is none."""
    handle = halve.enqueue(2)
    with pytest.raises(TaskNotFoundError, match=f"there is no group {handle.id}"):
        queue.group_progress(handle.id)


def test_the_others_go_on_when_a_part_fails(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """What follows is cancelled, and who waits hears why."""
    group = queue.group(halve.part(1), halve.part(2), then=total.part())
    queue.drain()
    assert [handle.status() for handle in group.handles] == ["failed", "completed"]
    with pytest.raises(TaskFailedError, match=r"task 1 \(halve\), which it waits for, failed"):
        group.wait(0)


def test_a_group_with_nothing_behind_it_tells_of_the_part_that_failed(
    queue: TaskQueue, halve: FunctionTask[[int], int]
):
    """The first one in its order."""
    group = queue.group(halve.part(2), halve.part(1))
    queue.drain()
    with pytest.raises(TaskFailedError, match="1 is odd"):
        group.wait(0)


def test_a_wait_that_is_too_short_says_so(queue: TaskQueue, halve: FunctionTask[[int], int]):
    """By the group; its time is for all parts together."""
    group = queue.group(halve.part(2), halve.part(4))
    began = time.monotonic()
    with pytest.raises(WaitTimeoutError, match=r"group 1 has not finished within 0\.05 s"):
        group.wait(0.05)
    assert time.monotonic() - began < 5


def cancelled(queue: TaskQueue, group: GroupHandle) -> list[str]:
    assert group.then is not None
    return [handle.status() for handle in (*group.handles, group.then)]


def test_a_group_is_cancelled_with_what_follows(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """The count is of its parts."""
    group = queue.group(halve.part(2), halve.part(4), then=total.part())
    queue.drain(limit=1)
    assert group.cancel() == 1
    assert cancelled(queue, group) == ["completed", "cancelled", "cancelled"]


def test_what_follows_a_group_that_is_done_can_still_be_cancelled(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """It waits in the queue like any task."""
    group = queue.group(halve.part(2), then=total.part())
    queue.drain(limit=1)
    assert group.cancel() == 0
    assert cancelled(queue, group) == ["completed", "cancelled"]


def test_immediate_mode_runs_a_group(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """And what follows it."""
    with queue.immediate():
        group = queue.group(halve.part(2), halve.part(4), then=total.part())
    assert group.wait(0) == 3


def test_a_large_group_is_one_transaction_and_its_progress_one_look(queue: TaskQueue):
    """Ten thousand parts, and the one that follows is given ten thousand results."""
    group = queue.group(*[queue.part("part")] * 10_000, then=queue.part("last").into("results"))
    while claims := queue.claim("worker-01", 1000, types=["part"]):
        for claim in claims[1:]:
            queue.storage.execute("UPDATE task_queue SET status = 'completed' WHERE id = ?", (claim.task_id,))
        queue.complete(claims[0], result=claims[0].task_id)
    assert group.progress().by_status == {"completed": 10_000}
    (last,) = queue.claim("worker-01")
    assert len(last.arguments["results"]) == 10_000
    assert last.arguments["results"][:2] == [1, None]


def test_a_group_of_coroutines(
    queue: TaskQueue, halve: FunctionTask[[int], int], total: FunctionTask[[list[int]], int]
):
    """Its handles and verbs are awaited."""
    aqueue = AsyncTaskQueue(queue)

    async def program() -> None:
        group = await aqueue.group(halve.part(2), halve.part(4), then=total.part())
        with pytest.raises(WaitTimeoutError, match=f"group {group.id} has"):
            await group.wait(0.01)
        assert (await group.progress()).total == 2
        await aqueue.drain()
        assert (await aqueue.group_progress(group.id)).done == 1
        assert await group.wait(1) == 3
        assert [await handle.wait() for handle in group.handles] == [1, 2]
        plain = await aqueue.group(halve.part(2), halve.part(4))
        await aqueue.drain()
        assert await plain.wait(1) == [1, 2]
        assert await plain.cancel() == 0

    asyncio.run(program())


def test_a_group_of_nothing_is_refused(queue: TaskQueue):
    """It would never be complete."""
    with pytest.raises(ValueError, match="at least one part"):
        queue.group()


def test_what_follows_is_a_single_part(queue: TaskQueue, halve: FunctionTask[[int], int]):
    """More behind it make a chain."""
    with pytest.raises(TypeError, match="is a group"):
        queue.group(halve.part(2), then=queue.parallel(halve.part(4)))  # type: ignore[arg-type]
