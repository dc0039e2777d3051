"""Immediate mode: enqueueing runs the task at once, for tests of an application."""

import threading

import pytest

from musterq.errors import TaskFailedError
from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue


def test_within_the_block_a_task_has_run_when_enqueue_returns(queue: TaskQueue):
    """It went through the database all the same, and outside of the block it waits as ever."""

    @queue.task
    def double(n: int) -> int:
        return 2 * n

    with queue.immediate():
        handle = double.enqueue(21)
    assert handle.wait(0) == 42
    assert (handle.get().attempts, handle.get().type) == (1, "double")
    assert double.enqueue(1).status() == "queued"


def test_every_way_to_enqueue_runs_the_task(queue: TaskQueue):
    """By options, by name, and in batches."""

    @queue.task
    def double(n: int) -> int:
        return 2 * n

    with queue.immediate():
        handles = [
            double.options(priority=1).enqueue(1),
            queue.enqueue("double", {"n": 2}),
            *queue.enqueue_many([{"type": "double", "payload": {"n": 3}}, {"type": "double", "payload": {"n": 4}}]),
        ]
    assert [handle.wait(0) for handle in handles] == [2, 4, 6, 8]


def test_an_error_is_the_tasks_not_the_callers(queue: TaskQueue):
    """Enqueueing does not raise it: the handle has it."""

    @queue.task(max_attempts=1)
    def fail() -> None:
        raise ValueError("bad luck")

    with queue.immediate():
        handle = fail.enqueue()
    with pytest.raises(TaskFailedError, match="ValueError: bad luck"):
        handle.wait(0)


def test_retries_and_delays_are_not_waited_for(queue: TaskQueue):
    """They are scheduled, as with a worker."""

    @queue.task
    def fail() -> None:
        raise ValueError("bad luck")

    with queue.immediate():
        failed, delayed = fail.enqueue(), fail.options(delay=60).enqueue()
    assert (failed.status(), failed.get().attempts) == ("scheduled", 1)
    assert (delayed.status(), delayed.get().attempts) == ("scheduled", 0)


def test_what_a_task_enqueues_runs_at_once_too(queue: TaskQueue):
    """Before its own handler goes on."""
    events = []

    @queue.task
    def inner() -> None:
        events.append("inner")

    @queue.task
    def outer() -> None:
        events.append("outer begins")
        inner.enqueue()
        events.append("outer ends")

    with queue.immediate():
        outer.enqueue()
    assert events == ["outer begins", "inner", "outer ends"]


@pytest.mark.parametrize(
    "compatibility",
    [
        {"gpu": True},
        {"memory": {"min": 64}, "cpu": {"max": 2}},
        {"tags": {"all": ["a", "b"]}, "region": ["eu", "us"]},
        {"gpu": {"not": True}, "os": {"exists": True}, "old": {"exists": False}},
    ],
    ids=repr,
)
def test_whatever_a_task_asks_for_this_worker_has_it(queue: TaskQueue, compatibility: dict[str, object]):
    """The machine of a test has no GPU to show."""

    @queue.task(compatibility=compatibility)
    def train() -> str:
        return "trained"

    with queue.immediate():
        assert train.enqueue().wait(0) == "trained"


def test_tasks_without_a_handler_here_stay_in_the_queue(queue: TaskQueue):
    """Nobody here could run them."""
    with queue.immediate():
        assert queue.enqueue("report").status() == "queued"


def test_blocks_may_be_nested_and_leave_no_worker_behind(queue: TaskQueue):
    """The outermost counts."""

    @queue.task
    def work() -> str:
        return "done"

    with queue.immediate():
        with queue.immediate():
            work.enqueue()
        assert work.enqueue().wait(0) == "done"
    assert queue.storage.workers() == []


@pytest.fixture
def ran(queue: TaskQueue) -> list[int]:
    """What the tasks of the type ``note`` have noted, in the order in which they ran; one waits from before."""
    noted: list[int] = []

    @queue.task
    def note(n: int) -> None:
        noted.append(n)

    queue.enqueue("note", {"n": 0})
    return noted


def test_a_task_that_is_not_due_runs_no_other(queue: TaskQueue, ran: list[int]):
    """What waits from before the block is a worker's."""
    with queue.immediate():
        queue.enqueue("note", {"n": 1}, delay=60)
    assert ran == []


def test_a_batch_runs_alone_and_in_its_order(queue: TaskQueue, ran: list[int]):
    """As it was written, without what waited before and without what is not due."""
    with queue.immediate():
        queue.enqueue_many(
            [
                {"type": "note", "payload": {"n": 1}},
                {"type": "note", "payload": {"n": 2}, "delay": 60},
                {"type": "note", "payload": {"n": 3}, "compatibility": {"gpu": True}},
                {"type": "note", "payload": {"n": 4}},
            ]
        )
    assert ran == [1, 3, 4]


def test_a_task_of_a_paused_type_waits(queue: TaskQueue, ran: list[int]):
    """A pause holds for immediate mode, too."""
    queue.pause("note")
    with queue.immediate():
        handle = queue.enqueue("note", {"n": 1})
    assert (ran, handle.status()) == ([], "queued")


def test_a_new_task_that_somebody_else_takes_is_his(queue: TaskQueue, ran: list[int]):
    """Nothing else is run in its place, and nothing that was passed over has used an attempt."""

    def take(name: str, _facts: object) -> None:
        if name == "task.enqueued":
            queue.claim("worker-01", strategy="lifo")

    queue.events.subscribe(take)
    with queue.immediate():
        handle = queue.enqueue("note", {"n": 1})
    assert (ran, handle.get().locked_by) == ([], "worker-01")
    assert [(task.status, task.attempts) for task in queue.find("queued")] == [("queued", 0)]


def test_a_task_runs_though_newer_ones_wait(queue: TaskQueue, ran: list[int]):
    """They are passed over as if nobody had looked at them."""
    newer: list[int] = []

    def enqueue_another(name: str, _facts: object) -> None:
        if name == "task.enqueued" and not newer:
            newer.append(0)
            with queue.database.transaction() as connection:
                newer[0] = queue.enqueue("note", {"n": 2}, within=connection).id

    queue.events.subscribe(enqueue_another)
    with queue.immediate():
        queue.enqueue("note", {"n": 1})
    task = queue.get(newer[0])
    assert task is not None
    assert (ran, task.status, task.attempts) == ([1], "queued", 0)


def test_the_end_of_a_block_waits_for_what_runs_in_it(queue: TaskQueue):
    """A handler in another thread keeps its task, and the worker its row, until it is done."""
    running, go_on = threading.Event(), threading.Event()

    @queue.task
    def work() -> str:
        running.set()
        assert go_on.wait(30)
        return "done"

    left: list[Handle[str]] = []
    with queue.immediate():
        thread = threading.Thread(target=lambda: left.append(work.enqueue()))
        thread.start()
        assert running.wait(30)
        threading.Timer(0.05, go_on.set).start()
    assert [worker.worker_id for worker in queue.storage.workers()] == []
    assert [task.status for task in queue.find()] == ["completed"]
    thread.join()
    assert left[0].wait(0) == "done"


def test_the_first_of_two_threads_to_leave_switches_nothing_off(queue: TaskQueue):
    """Each one's block is its own."""

    @queue.task
    def work() -> str:
        return "done"

    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with queue.immediate():
            entered.set()
            assert leave.wait(30)

    thread = threading.Thread(target=other)
    first = queue.immediate()
    first.__enter__()
    thread.start()
    assert entered.wait(30)
    first.__exit__(None, None, None)
    assert work.enqueue().wait(0) == "done"
    leave.set()
    thread.join()
    assert work.enqueue().status() == "queued"
    assert queue.storage.workers() == []


def test_a_handler_may_leave_the_last_block(queue: TaskQueue):
    """It does not wait for itself; its worker is there until it ends."""
    inside, left = threading.Event(), threading.Event()

    @queue.task
    def work() -> str:
        with queue.immediate():
            inside.set()
            assert left.wait(30)
        return "done"

    outer = queue.immediate()
    outer.__enter__()
    done: list[Handle[str]] = []
    thread = threading.Thread(target=lambda: done.append(work.enqueue()))
    thread.start()
    assert inside.wait(30)
    outer.__exit__(None, None, None)
    left.set()
    thread.join(30)
    assert done[0].wait(0) == "done"
    assert queue.storage.workers() == []
