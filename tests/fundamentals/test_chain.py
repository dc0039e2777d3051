"""Chains: tasks of which each starts when the one before it is completed, and is given its result."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import TaskFailedError
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.task_queue import TaskQueue
from musterq.queue.tasks import TaskDefinition

Handlers = dict[str, TaskDefinition[..., Any]]


@pytest.fixture
def handlers(queue: TaskQueue) -> Handlers:
    """Small arithmetic."""

    @queue.task
    def number(n: int) -> int:
        return n

    @queue.task
    def add(a: int, b: int, times: int = 1) -> int:
        return (a + b) * times

    @queue.task
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @queue.task(max_attempts=1)
    def divide(a: int, by: int) -> float:
        return a / by

    return {"number": number, "add": add, "total": total, "divide": divide}


def test_the_result_becomes_the_next_ones_argument(queue: TaskQueue, handlers: Handlers):
    """As the first argument that the handler needs and its part leaves open."""
    number, add = handlers["number"], handlers["add"]
    handle = queue.chain(number.part(1), add.part(b=10), add.part(100))
    assert queue.drain() == 3
    assert handle.wait(0) == 111


def test_the_handle_is_that_of_the_last(queue: TaskQueue, handlers: Handlers):
    """The chain is done when it is."""
    handle = queue.chain(handlers["number"].part(1), handlers["add"].part(b=10))
    assert (handle.get().type, handle.status(), handle.created) == ("add", "scheduled", True)


def test_a_part_with_all_its_arguments_is_given_nothing(queue: TaskQueue, handlers: Handlers):
    """A default is not a gap: it runs with what it was made with."""
    handle = queue.chain(handlers["number"].part(1), handlers["add"].part(2, 3))
    queue.drain()
    assert handle.wait(0) == 5


def test_a_part_can_name_the_argument_that_is_given_the_result(queue: TaskQueue, handlers: Handlers):
    """Also one that has a default."""
    handle = queue.chain(handlers["number"].part(4), handlers["add"].part(2, 3).into("times"))
    queue.drain()
    assert handle.wait(0) == 20


def test_parts_run_side_by_side_within_a_chain(queue: TaskQueue, handlers: Handlers):
    """Each is given the result before them; what follows is given the list of theirs, in their order."""
    add = handlers["add"]
    side_by_side = queue.parallel(add.part(b=10), add.part(b=20), add.part(b=30))
    handle = queue.chain(handlers["number"].part(1), side_by_side, handlers["total"].part(), add.part(b=1000))
    queue.drain()
    assert handle.wait(0) == 11 + 21 + 31 + 1000


def test_a_chain_may_begin_with_parts_side_by_side(queue: TaskQueue, handlers: Handlers):
    """It is a group with more behind it than one task."""
    number = handlers["number"]
    handle = queue.chain(queue.parallel(number.part(1), number.part(2)), handlers["total"].part())
    queue.drain()
    assert handle.wait(0) == 3


def test_parts_have_the_options_of_their_definition_and_their_own(queue: TaskQueue, handlers: Handlers):
    """A part can be used more than once, and does not change."""
    part = handlers["divide"].options(priority=7).part(by=2)
    first, second = (queue.chain(handlers["number"].part(n), part) for n in (2, 4))
    assert (first.get().priority, first.get().max_attempts) == (7, 1)
    queue.drain()
    assert (first.wait(0), second.wait(0)) == (1.0, 2.0)


def test_a_type_without_a_handler_here_names_its_argument(queue: TaskQueue, handlers: Handlers):
    """The worker that has the handler finds the result in the claim's arguments."""
    queue.chain(handlers["number"].part(5), queue.part("elsewhere", {"own": 1}, priority=2).into("n"))
    queue.drain()
    (claim,) = queue.claim("worker-01")
    assert (claim.arguments, claim.priority) == ({"own": 1, "n": 5}, 2)


def test_a_type_without_a_handler_here_is_given_nothing_unless_asked(queue: TaskQueue, handlers: Handlers):
    """Nobody here knows what it takes."""
    queue.chain(handlers["number"].part(5), queue.part("elsewhere", [1, 2]))
    queue.drain()
    assert queue.claim("worker-01")[0].arguments == [1, 2]


def test_a_part_by_its_type_is_as_one_of_its_definition(queue: TaskQueue, handlers: Handlers):
    """With its defaults and its gaps."""
    handle = queue.chain(queue.part("number", {"n": 1}), queue.part("divide", {"by": 4}))
    assert handle.get().max_attempts == 1
    queue.drain()
    assert handle.wait(0) == 0.25


def test_a_failure_ends_the_chain_with_its_reason(queue: TaskQueue, handlers: Handlers):
    """Who waits for the last hears which one failed."""
    number, divide, add = handlers["number"], handlers["divide"], handlers["add"]
    handle = queue.chain(number.part(1), divide.part(by=0), add.part(b=1))
    queue.drain()
    with pytest.raises(
        TaskFailedError, match=r"was cancelled: not started: task 2 \(divide\), which it waits for, failed"
    ):
        handle.wait(0)


def test_a_chain_is_resumed_by_a_retry_of_what_failed(queue: TaskQueue):
    """What was completed does not run again; what was cancelled behind it comes back."""
    ran = []

    @queue.task
    def fetch() -> int:
        ran.append("fetch")
        return 1

    @queue.task(max_attempts=1)
    def store(n: int) -> int:
        ran.append("store")
        return n // (len(ran) - 2)

    @queue.task
    def tell(n: int) -> int:
        ran.append("tell")
        return n

    handle = queue.chain(fetch.part(), store.part(), tell.part())
    queue.drain()
    (failed,) = queue.find(status="failed")
    assert queue.retry(failed.id)
    queue.drain()
    assert (handle.wait(0), ran) == (1, ["fetch", "store", "store", "tell"])


def test_immediate_mode_runs_a_chain_to_its_end(queue: TaskQueue, handlers: Handlers):
    """In its order, before ``chain`` returns; it stops where a part fails."""
    number, add, total = handlers["number"], handlers["add"], handlers["total"]
    with queue.immediate():
        done = queue.chain(number.part(1), queue.parallel(add.part(b=1), add.part(b=2)), total.part())
        stopped = queue.chain(handlers["divide"].part(1, 0), add.part(b=1))
    assert done.wait(0) == 5
    assert stopped.status() == "cancelled"


def test_a_chain_joins_the_callers_transaction(queue: TaskQueue, handlers: Handlers, tmp_path: Path):
    """It is there as a whole when that commits, and never was if it rolls back."""
    queue.database.initialize_schema()
    connection = sqlite3.connect(tmp_path / "queue.db", isolation_level=None)
    parts = [handlers["number"].part(1), handlers["add"].part(b=1)]
    connection.execute("BEGIN IMMEDIATE")
    queue.chain(*parts, within=connection)
    connection.execute("ROLLBACK")
    assert queue.find() == []
    connection.execute("BEGIN IMMEDIATE")
    handle = queue.chain(*parts, within=connection)
    connection.execute("COMMIT")
    connection.close()
    queue.drain()
    assert handle.wait(0) == 2


def test_every_part_is_told_of(queue: TaskQueue, handlers: Handlers):
    """As any task that is enqueued."""
    told: list[tuple[str, object]] = []
    queue.events.subscribe(lambda name, facts: told.append((name, facts["type"])))
    queue.chain(handlers["number"].part(1), handlers["add"].part(b=1))
    assert told == [("task.enqueued", "number"), ("task.enqueued", "add")]


def test_a_chain_of_coroutines(queue: TaskQueue):
    """By the same names, awaited."""
    aqueue = AsyncTaskQueue(queue)

    @aqueue.task
    async def number(n: int) -> int:
        return n

    @aqueue.task
    def add(a: int, b: int) -> int:
        return a + b

    async def program() -> int:
        steps = (number.part(1), aqueue.parallel(add.part(b=1), add.options(priority=1).part(b=2)))
        handle = await aqueue.chain(*steps, aqueue.part("sum").into("numbers"))
        await aqueue.drain()
        (claim,) = await aqueue.claim("worker-01")
        await aqueue.complete(claim, result=sum(claim.arguments["numbers"]))
        return int(await handle.wait(1))

    assert asyncio.run(program()) == 5


REFUSED: dict[str, tuple[str, Callable[[TaskQueue, Handlers], object]]] = {
    "no part": ("no parts does nothing", lambda queue, on: queue.chain()),
    "a handler": ("give a part", lambda queue, on: queue.chain(on["number"])),  # type: ignore[arg-type]
    "a handle": ("give a part", lambda queue, on: queue.chain(on["number"].enqueue(1))),  # type: ignore[arg-type]
    "a gap in the first": ("missing a required argument: 'n'", lambda queue, on: queue.chain(on["number"].part())),
    "two gaps": (
        "missing a required argument: 'b'",
        lambda queue, on: queue.chain(on["number"].part(1), on["add"].part()),
    ),
    "an argument that is unknown": ("unexpected keyword argument 'm'", lambda queue, on: on["number"].part(m=1)),
    "too many arguments": ("too many positional arguments", lambda queue, on: on["number"].part(1, 2)),
    "an unknown argument by type": ("no argument 'm'", lambda queue, on: queue.part("number", {"m": 1})),
    "a list for a handler": ("is a JSON object", lambda queue, on: queue.part("number", [1])),
    "a type that is none": ("give a text", lambda queue, on: queue.part(5)),  # type: ignore[arg-type]
    "a result into nothing": ("no argument 'm'", lambda queue, on: on["number"].part().into("m")),
    "a result into what is given": ("has the argument 'n' already", lambda queue, on: on["number"].part(1).into("n")),
    "a result into a list": ("no dict of arguments", lambda queue, on: queue.part("other", [1]).into("n")),
    "a result into no name": ("give a text", lambda queue, on: on["number"].part().into(1)),  # type: ignore[arg-type]
    "a result before anything": (
        "there is nothing before it",
        lambda queue, on: queue.chain(on["number"].part().into("n")),
    ),
    "two groups": (
        "put a part between them",
        lambda queue, on: queue.chain(*[queue.parallel(on["number"].part(1))] * 2, on["total"].part()),
    ),
    "a group at the end": (
        "ends with a group",
        lambda queue, on: queue.chain(on["number"].part(1), queue.parallel(on["number"].part())),
    ),
    "a group in a group": (
        "cannot be within another",
        lambda queue, on: queue.parallel(queue.parallel(on["number"].part(1))),  # type: ignore[arg-type]
    ),
    "a group of nothing": ("at least one part", lambda queue, on: queue.parallel()),
    "an idempotency key": (
        "has no idempotency_key",
        lambda queue, on: on["number"].options(idempotency_key="k").part(1),
    ),
    "a delay behind others": (
        "to the first part only",
        lambda queue, on: queue.chain(on["number"].part(1), on["number"].options(delay=5).part()),
    ),
    "a transaction of a part": (
        "give within= to these",
        lambda queue, on: on["number"].options(within="a connection").part(1),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(queue: TaskQueue, handlers: Handlers, what: str):
    """With what to do instead."""
    words, act = REFUSED[what]
    with pytest.raises((TypeError, ValueError), match=words):
        act(queue, handlers)
    assert queue.find(type="add") == []


def test_the_first_part_may_be_delayed(queue: TaskQueue, handlers: Handlers):
    """The others follow it whenever it is completed."""
    handle = queue.chain(handlers["number"].options(delay=0.001).part(1), handlers["add"].part(b=1))
    assert {task.status for task in queue.find()} == {"scheduled"}
    queue.database.execute("UPDATE task_queue SET run_after_utc = '2020-01-01 00:00:00' WHERE type = 'number'")
    queue.drain()
    assert handle.wait(0) == 2
