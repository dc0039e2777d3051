"""Limits: of a type, of a key; and a bound to how long a task waits."""

import asyncio

import pytest

from musterq.models import SchedulingStrategy
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.task_queue import TaskQueue
from musterq.records import TypeLimit
from tests.support import MovableClock


def claimed(queue: TaskQueue, **options: object) -> list[int]:
    return [claim.task_id for claim in queue.claim("worker-01", limit=10, **options)]  # type: ignore[arg-type]


# -- of a type -------------------------------------------------------------------------------------


def test_so_many_of_a_type_run_at_once(queue: TaskQueue):
    ids = [queue.enqueue("mail").id for _ in range(3)]
    queue.set_limit("mail", running=2)
    assert claimed(queue) == ids[:2]


def test_so_many_of_a_type_start_in_a_period(queue: TaskQueue, clock: MovableClock):
    ids = [queue.enqueue("mail").id for _ in range(4)]
    queue.set_limit("mail", rate="2/m")
    assert claimed(queue) == ids[:2]
    clock.advance(30)
    assert claimed(queue) == ids[2:3]


def test_limits_are_listed_and_ended(queue: TaskQueue):
    queue.set_limit("mail", running=2, rate=(5, 60))
    assert queue.limits() == {"mail": TypeLimit(max_running=2, rate_count=5, rate_seconds=60.0)}
    queue.set_limit("mail")
    assert queue.limits() == {}


def test_a_limit_of_nonsense_is_refused(queue: TaskQueue):
    with pytest.raises(ValueError, match="rate"):
        queue.set_limit("mail", rate="often")
    with pytest.raises(TypeError, match="type"):
        queue.set_limit(5, running=2)  # type: ignore[arg-type]
    assert queue.limits() == {}


def test_coroutines_limit_types_too(queue: TaskQueue):
    async def limited() -> dict[str, TypeLimit]:
        awaited = AsyncTaskQueue(queue)
        await awaited.set_limit("mail", running=2)
        return await awaited.limits()

    assert asyncio.run(limited()) == {"mail": TypeLimit(max_running=2)}


def test_a_definition_says_a_limit_and_enqueueing_does_not_write_it(queue: TaskQueue):
    """A worker does, when it starts."""

    @queue.task(limit=2, rate="10/s")
    def mail() -> None: ...

    mail.enqueue()
    assert mail.limit == TypeLimit(max_running=2, rate_count=10, rate_seconds=1.0)
    assert queue.limits() == {}


def test_a_limit_that_cannot_be_is_refused_at_the_definition(queue: TaskQueue):
    with pytest.raises(ValueError, match="as in 10/s"):
        queue.task(rate="10 a second")(lambda: None)


# -- of a key --------------------------------------------------------------------------------------


def test_of_one_key_one_task_runs_at_a_time(queue: TaskQueue):
    first = queue.enqueue("mail", concurrency_key="user:7")
    queue.enqueue("mail", concurrency_key="user:7")
    other = queue.enqueue("mail", concurrency_key="user:8")
    assert claimed(queue) == [first.id, other.id]


def test_or_as_many_as_its_newest_task_says(queue: TaskQueue):
    tasks = [{"type": "mail", "concurrency_key": "user:7", "concurrency_limit": 2} for _ in range(3)]
    handles = queue.enqueue_many(tasks)  # type: ignore[arg-type]
    assert claimed(queue) == [handle.id for handle in handles[:2]]
    assert handles[2].get().held


def test_a_definition_fills_its_key_with_the_arguments(queue: TaskQueue):
    """By position or name, from the default where none is given, and from a payload."""

    @queue.task(type="sync", concurrency_key="user:{user_id}/{part}", concurrency_limit=3)
    def sync(user_id: int, part: str = "all") -> None: ...

    handles = [sync.enqueue(7), sync.enqueue(part="inbox", user_id=8), queue.enqueue("sync", {"user_id": 9})]
    handles.append(sync.options(priority=1).enqueue(10))
    tasks = [handle.get() for handle in handles]
    assert [task.concurrency_key for task in tasks] == ["user:7/all", "user:8/inbox", "user:9/all", "user:10/all"]
    assert {task.concurrency_limit for task in tasks} == {3}


def test_a_task_may_have_another_key_than_its_definition_or_none(queue: TaskQueue):
    """Given with a task, it is taken as it is: braces are braces."""

    @queue.task(concurrency_key="user:{user_id}", concurrency_limit=3)
    def sync(user_id: int) -> None: ...

    assert sync.options(concurrency_key="{all}").enqueue(7).get().concurrency_key == "{all}"
    without = sync.options(concurrency_key=None).enqueue(7).get()
    assert (without.concurrency_key, without.concurrency_limit) == (None, None)


def test_a_constant_key_and_doubled_braces(queue: TaskQueue):
    @queue.task(concurrency_key="{{backup}}")
    def backup() -> None: ...

    assert backup.enqueue().get().concurrency_key == "{backup}"


def test_a_handler_that_takes_any_argument_may_have_it_in_its_key(queue: TaskQueue):
    @queue.task(concurrency_key="{who}")
    def greet(**names: str) -> None: ...

    assert greet.enqueue(who="Ada").get().concurrency_key == "Ada"
    with pytest.raises(ValueError, match="needs the argument 'who'"):
        greet.enqueue(whom="Ada")
    assert len(queue.find()) == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("user:{name}", "no parameter 'name'"),
        ("user:{user_id.x}", "no parameter 'user_id.x'"),
        ("user:{}", "no parameter ''"),
        ("user:{user_id:>8}", "a form of its own"),
        ("user:{user_id!r}", "a form of its own"),
        ("user:{user_id", "write the names of parameters in braces"),
        ("", "characters"),
        ("x" * 256, "characters"),
    ],
)
def test_a_key_that_cannot_be_filled_is_refused_at_the_definition(queue: TaskQueue, key: str, message: str):
    def sync(user_id: int) -> None: ...

    with pytest.raises(ValueError, match="concurrency_key") as refused:
        queue.task(concurrency_key=key)(sync)
    assert message in str(refused.value)


@pytest.mark.parametrize("argument", [1.5, True, None, [1], {"a": 1}])
def test_an_argument_that_is_no_text_or_whole_number_makes_no_key(queue: TaskQueue, argument: object):
    @queue.task(concurrency_key="user:{user_id}")
    def sync(user_id: object) -> None: ...

    with pytest.raises(TypeError, match="texts and whole numbers"):
        sync.enqueue(argument)
    assert queue.find() == []


def test_a_filled_key_that_is_too_long_is_refused(queue: TaskQueue):
    @queue.task(concurrency_key="user:{name}")
    def sync(name: str) -> None: ...

    with pytest.raises(ValueError, match="260 characters"):
        sync.enqueue("x" * 255)


def test_a_limit_without_a_key_is_refused(queue: TaskQueue):
    with pytest.raises(ValueError, match="without a concurrency_key"):
        queue.enqueue("mail", concurrency_limit=2)
    with pytest.raises(ValueError, match="without a concurrency_key"):
        queue.task(concurrency_limit=2)(lambda: None)


@pytest.mark.parametrize("limit", [0, 10_001, "2", True])
def test_a_limit_of_a_key_that_cannot_be_is_refused(queue: TaskQueue, limit: object):
    with pytest.raises((TypeError, ValueError), match="concurrency_limit"):
        queue.enqueue("mail", concurrency_key="user:7", concurrency_limit=limit)  # type: ignore[arg-type]


# -- how long a task waits -------------------------------------------------------------------------


def test_a_task_that_has_waited_too_long_is_next(queue: TaskQueue, clock: MovableClock):
    old = queue.enqueue("mail", priority=1000)
    clock.advance(60)
    urgent = queue.enqueue("mail", priority=1)
    assert claimed(queue, max_wait=60) == [old.id, urgent.id]


def test_draining_takes_it_first_too(queue: TaskQueue, clock: MovableClock):
    ran: list[str] = []

    @queue.task()
    def note(name: str) -> None:
        ran.append(name)

    note.options(priority=1000).enqueue("old")
    clock.advance(60)
    note.options(priority=1).enqueue("urgent")
    queue.drain(max_wait=60)
    assert ran == ["old", "urgent"]


@pytest.mark.parametrize("strategy", [s for s in SchedulingStrategy if s is not SchedulingStrategy.PRIORITY])
def test_it_is_for_the_strategy_that_lets_tasks_wait(queue: TaskQueue, strategy: SchedulingStrategy):
    queue.task(type="mail")(lambda: None)
    with pytest.raises(ValueError, match="max_wait=5 is for the strategy priority"):
        queue.claim("worker-01", strategy=strategy, max_wait=5)
    with pytest.raises(ValueError, match="max_wait=5 is for the strategy priority"):
        queue.drain(strategy=strategy, max_wait=5)


@pytest.mark.parametrize("seconds", [-1, float("nan"), "5", True])
def test_a_time_that_cannot_be_is_refused(queue: TaskQueue, seconds: object):
    with pytest.raises((TypeError, ValueError), match="max_wait"):
        queue.claim("worker-01", max_wait=seconds)  # type: ignore[arg-type]
