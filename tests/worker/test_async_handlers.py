"""Handlers that are coroutines: one event loop runs many at a time, beside the threads of plain ones."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

from musterq.errors import Cancel
from musterq.models import Claim, Outcome, RetryPolicy, TaskStatus
from musterq.queue.current import Notices, current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.event_loop import EventLoop
from musterq.worker.executor import FIRST_THREADS
from tests.worker.claims import claims
from tests.worker.waiting import LIMIT, Record, until, working

_setting: ContextVar[int] = ContextVar("setting", default=0)


def threads_of_tasks() -> int:
    """How many threads the worker has for tasks."""
    return sum(thread.name.startswith("musterq-task") for thread in threading.enumerate())


def test_many_run_at_once_in_one_thread(queue: TaskQueue) -> None:
    """Each waits for all the others: together they need one thread, which is none of those of plain handlers."""
    together = asyncio.Barrier(50)
    threads = set()
    others = threads_of_tasks()

    @queue.task
    async def meet() -> None:
        threads.add(threading.current_thread().name)
        await together.wait()

    handles = [meet.enqueue() for _ in range(50)]
    with working(WorkerEngine(queue, concurrency=50)):
        for handle in handles:
            handle.wait(LIMIT)
        assert threads_of_tasks() <= others + FIRST_THREADS
    assert threads == {"musterq-loop"}


def test_no_more_run_at_once_than_the_worker_may(queue: TaskQueue) -> None:
    """Although more are claimed ahead while they are short."""
    at_once = most = 0

    @queue.task
    async def short() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    queue.enqueue_many([{"type": "short"}] * 300)
    WorkerEngine(queue, concurrency=3, burst=True).run()
    assert most == 3
    assert queue.database.storage.metrics().depth_by_status == {"completed": 300}


def test_a_coroutine_and_a_plain_function_run_in_one_worker(queue: TaskQueue) -> None:
    """At the same time: each waits for the other."""
    plain_begun, loop_begun = threading.Event(), threading.Event()

    @queue.task
    def plain() -> str:
        plain_begun.set()
        assert loop_begun.wait(LIMIT)
        return threading.current_thread().name

    @queue.task
    async def coroutine() -> str:
        loop_begun.set()
        assert await asyncio.to_thread(plain_begun.wait, LIMIT)
        return threading.current_thread().name

    with working(WorkerEngine(queue, concurrency=2)):
        in_thread, on_loop = plain.enqueue(), coroutine.enqueue()
        assert (in_thread.wait(LIMIT)[:12], on_loop.wait(LIMIT)) == ("musterq-task", "musterq-loop")


def test_both_kinds_together_run_no_more_than_the_worker_may(queue: TaskQueue) -> None:
    """With a concurrency of one, they take turns."""
    running, overlaps = [], []

    @queue.task
    def plain() -> None:
        running.append("plain")
        overlaps.append(len(running))
        running.pop()

    @queue.task
    async def coroutine() -> None:
        running.append("coroutine")
        overlaps.append(len(running))
        await asyncio.sleep(0)
        running.pop()

    queue.enqueue_many([{"type": kind} for _ in range(100) for kind in ("plain", "coroutine")])
    WorkerEngine(queue, concurrency=1, burst=True).run()
    assert overlaps == [1] * 200


def test_each_runs_in_a_context_of_its_own(queue: TaskQueue) -> None:
    """It knows its task, and what it sets is gone with it."""
    seen = []

    @queue.task
    async def note() -> None:
        seen.append((current_task().id, _setting.get()))
        _setting.set(current_task().id)
        await asyncio.sleep(0.001)
        assert _setting.get() == current_task().id

    handles = [note.enqueue() for _ in range(20)]
    WorkerEngine(queue, burst=True).run()
    assert sorted(seen) == [(handle.id, 0) for handle in handles]


def test_errors_and_signals_of_a_coroutine_are_those_of_a_function(queue: TaskQueue) -> None:
    """The task is retried, failed or cancelled, as its handler says."""

    @queue.task(max_attempts=1)
    async def end(how: str) -> None:
        await asyncio.sleep(0)
        if how == "error":
            raise KeyError("no such page")
        if how == "cancel":
            raise Cancel("not wanted")
        raise SystemExit(3)

    handles = {how: end.enqueue(how) for how in ("error", "cancel", "exit")}
    WorkerEngine(queue, burst=True).run()
    found = {how: (handle.status().value, handle.get().error_message) for how, handle in handles.items()}
    assert found == {
        "error": ("failed", "KeyError: 'no such page'"),
        "cancel": ("cancelled", "not wanted"),
        "exit": ("failed", "SystemExit: 3"),
    }


def test_a_payload_that_does_not_fit_fails_at_once(queue: TaskQueue) -> None:
    """As for a function."""

    @queue.task
    async def greet(name: str) -> None: ...

    handle = TaskQueue(queue.database).enqueue("greet", {"nome": "Ada"})
    WorkerEngine(queue, burst=True).run()
    assert handle.status() == TaskStatus.FAILED
    assert "does not fit the handler" in str(handle.get().error_message)


def test_a_coroutine_is_ended_at_its_time_limit(queue: TaskQueue) -> None:
    """Where it waits; it may tidy up."""
    tidied = []

    @queue.task(timeout=0.02, max_attempts=1)
    async def wait() -> None:
        try:
            await asyncio.sleep(LIMIT)
        finally:
            tidied.append(True)

    handle = wait.enqueue()
    WorkerEngine(queue, burst=True).run()
    assert handle.get().error_message == "TaskTimeout: not finished within its time limit of 0.02 s"
    assert tidied == [True]


def test_a_timeout_of_the_handlers_own_is_an_error_like_others(queue: TaskQueue) -> None:
    """It is not taken for the task's."""

    @queue.task(timeout=LIMIT, max_attempts=1)
    async def wait() -> None:
        async with asyncio.timeout(0.001):
            await asyncio.sleep(LIMIT)

    handle = wait.enqueue()
    WorkerEngine(queue, burst=True).run()
    assert handle.get().error_message == "TimeoutError"


def test_a_coroutine_that_a_handler_started_may_not_end_the_loop(queue: TaskQueue) -> None:
    """An exit in there is let out by asyncio; the loop goes on."""
    left = []

    async def leave() -> None:
        raise SystemExit(3)

    @queue.task
    async def start() -> None:
        left.append(asyncio.get_running_loop().create_task(leave()))

    @queue.task
    async def after() -> str:
        await asyncio.sleep(0.01)
        return "still there"

    with working(WorkerEngine(queue, concurrency=1)):
        start.enqueue().wait(LIMIT)
        assert after.enqueue().wait(LIMIT) == "still there"
    assert isinstance(left[0].exception(), SystemExit)


def test_when_the_grace_time_is_over_coroutines_are_ended_and_their_tasks_given_back(queue: TaskQueue) -> None:
    """Without using an attempt: they begin elsewhere, and here they are gone."""
    ended = []

    @queue.task
    async def wait() -> None:
        current_task().progress(0.5)
        try:
            await asyncio.sleep(LIMIT)
        finally:
            ended.append(True)

    handle = wait.enqueue()
    with working(WorkerEngine(queue, grace_seconds=0.05)):
        until(lambda: handle.get().progress)
    task = handle.get()
    assert (task.status, task.attempts, task.error_message) == ("queued", 0, None)
    assert ended == [True]


def test_a_request_to_cancel_ends_a_coroutine(queue: TaskQueue) -> None:
    """Where it waits; the task is cancelled."""

    @queue.task
    async def wait() -> None:
        current_task().progress(0.5)
        await asyncio.sleep(LIMIT)

    handle = wait.enqueue()
    with working(WorkerEngine(queue)):
        until(lambda: handle.get().progress)
        queue.cancel(handle.id)
        until(lambda: handle.status() == TaskStatus.CANCELLED)
    assert handle.get().error_message == "cancelled on request"


def test_a_coroutine_may_refuse_to_be_cancelled(queue: TaskQueue) -> None:
    """Then its result counts."""

    @queue.task
    async def insist() -> str:
        current_task().progress(0.5)
        try:
            await asyncio.sleep(LIMIT)
        except asyncio.CancelledError:
            return "done all the same"
        return "not asked"

    handle = insist.enqueue()
    with working(WorkerEngine(queue)):
        until(lambda: handle.get().progress)
        queue.cancel(handle.id)
        assert handle.wait(LIMIT) == "done all the same"


def test_a_definition_may_ask_for_a_thread(queue: TaskQueue) -> None:
    """For a coroutine that blocks."""

    @queue.task(executor="threads")
    async def where() -> str:
        return threading.current_thread().name

    handle = where.enqueue()
    WorkerEngine(queue, burst=True).run()
    assert handle.wait(LIMIT).startswith("musterq-task")


def test_a_worker_that_is_told_so_runs_coroutines_only(queue: TaskQueue, record: Record) -> None:
    """Plain functions are left to others."""

    @queue.task
    def plain() -> None: ...

    @queue.task
    async def coroutine() -> None: ...

    left, done = plain.enqueue(), coroutine.enqueue()
    WorkerEngine(queue, executor="asyncio", burst=True).run()
    assert (left.status(), done.status()) == (TaskStatus.QUEUED, TaskStatus.COMPLETED)
    assert record.named("worker.started")[0]["types"] == ["coroutine"]


class Noted:
    """A loop by itself, and what it tells."""

    def __init__(self, limit: int) -> None:
        self.begun: list[tuple[int, int]] = []
        self.finished: list[Outcome] = []
        self.go: asyncio.Event | None = None
        self.notices = Notices()
        self.loop = EventLoop(
            self.run,
            limit,
            begin=lambda slot, token: self.begun.append((slot, token)),
            first_slot=8,
            finish=lambda outcome, waiting: self.finished.append(outcome),
            notices=self.notices,
        )

    async def run(self, claim: Claim) -> Outcome:
        """Wait for all of them."""
        self.go = self.go or asyncio.Event()
        await self.go.wait()
        return Outcome(claim=claim, status=TaskStatus.COMPLETED)


def test_the_loop_says_what_has_begun_and_ended() -> None:
    """Each in a slot beyond those of the threads, which is free again afterwards: so a crash is charged exactly."""
    noted = Noted(2)
    noted.loop.offer(claims(3))
    until(lambda: len(noted.loop.running) == 2)
    assert sorted(noted.begun) == [(8, 2), (9, 1)]
    assert [claim.task_id for claim in noted.loop.running] == [1, 2]
    assert noted.loop.oldest_offer() is not None
    assert [claim.task_id for claim in noted.loop.take_excess()] == [3]
    assert noted.loop.oldest_offer() is None
    assert noted.go is not None
    noted.loop._loop.call_soon_threadsafe(noted.go.set)
    until(lambda: len(noted.finished) == 2)
    assert sorted(noted.begun[2:]) == [(8, 0), (9, 0)]
    assert noted.loop.running == []
    assert noted.loop.close(LIMIT)


def test_what_has_room_is_not_in_excess() -> None:
    """It begins in a moment."""
    noted = Noted(4)
    noted.loop.offer(claims(1))
    assert noted.loop.take_excess() == []
    until(lambda: noted.loop.running)
    assert noted.loop.close(LIMIT)


def test_a_loop_that_was_never_used_has_no_thread() -> None:
    """Closing it is nothing."""
    noted = Noted(4)
    noted.loop.offer([])
    assert noted.loop.close()


def test_a_loop_that_is_closed_ends_what_runs() -> None:
    """And takes an outcome of each."""
    noted = Noted(4)
    noted.loop.offer(claims(2))
    until(lambda: len(noted.loop.running) == 2)
    assert noted.loop.close(LIMIT)
    assert ["CancelledError" in str(outcome.error) for outcome in noted.finished] == [True, True]


def test_a_coroutine_that_does_not_end_holds_up_nobody() -> None:
    """Closing and giving back wait as long as they are told, and no longer."""
    release = threading.Event()

    async def block(claim: Claim) -> Outcome:
        release.wait(LIMIT)
        return Outcome(claim=claim, status=TaskStatus.COMPLETED)

    noted = Noted(1)
    noted.loop._run = block
    noted.loop.offer(claims(1))
    until(lambda: noted.loop.running)
    noted.loop.give_back(0.01)
    assert noted.notices.given_back == {1}
    assert not noted.loop.close(0.01)
    release.set()
    assert noted.loop.close(LIMIT)


def test_a_task_that_another_cancels_before_it_begins_is_not_forgotten(queue: TaskQueue) -> None:
    """A handler may cancel all that runs on the loop, as some do to tidy up; who was not begun runs again."""

    @queue.task
    async def sweep() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    @queue.task(retry=RetryPolicy(initial_seconds=0.0))
    async def other() -> str:
        return "done"

    sweep.enqueue()
    handles = [other.enqueue() for _ in range(3)]
    with working(WorkerEngine(queue, concurrency=4)):
        assert [handle.wait(LIMIT) for handle in handles] == ["done"] * 3
