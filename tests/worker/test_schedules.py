"""Workers and the clock: each tick once and in time, delayed tasks in time, and what nobody starts in time."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from musterq.models import Task
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.worker.waiting import Record, until, working

STEP = timedelta(seconds=0.25)
IN_TIME = 0.2  # seconds, half of the time: a worker that only looked once a second would be late by half a second


def ticking(queue: TaskQueue) -> TaskQueue:
    """With a handler whose result is the tick, and by how many seconds it was late."""

    @queue.every(STEP)
    def beat() -> list[object]:
        tick = current_task().tick
        assert tick is not None
        return [tick.isoformat(), (datetime.now(UTC) - tick).total_seconds()]

    return queue


@pytest.fixture
def several(queue: TaskQueue) -> Iterator[list[TaskQueue]]:
    """The same queue, as several programs have it."""
    with ExitStack() as opened:
        others = [opened.enter_context(TaskQueue(queue.database.location)) for _ in range(2)]
        yield [ticking(each) for each in (queue, *others)]


def done(queue: TaskQueue, count: int) -> list[Task]:
    """The tasks that are done, the oldest first, once there are so many."""
    tasks = until(lambda: len(found := queue.find(status="completed", limit=1000)) >= count and found)
    return list(reversed(tasks))


def test_of_several_workers_one_ticks(several: list[TaskQueue]) -> None:
    """Each tick once, and none is left out."""
    with ExitStack() as stack:
        for each in several:
            stack.enter_context(working(WorkerEngine(each)))
        done(several[0], 8)
    tasks = several[0].find(status="completed", limit=1000)  # what still ran meanwhile has ended, too
    ticks = sorted(datetime.fromisoformat(task.get_result()[0]) for task in tasks)
    assert ticks == [ticks[0] + n * STEP for n in range(len(ticks))]


def test_ticks_come_in_time(queue: TaskQueue) -> None:
    """Never early, and mostly within some hundredths of a second."""
    with working(WorkerEngine(ticking(queue))):
        late = [task.get_result()[1] for task in done(queue, 9)]
    assert min(late) >= 0
    assert statistics.median(late) < IN_TIME


def test_delayed_tasks_start_in_time(queue: TaskQueue) -> None:
    """Of a worker that has nothing else to do."""

    @queue.task
    def note() -> float:
        return datetime.now(UTC).timestamp()

    with working(WorkerEngine(queue)):
        late = []
        for _ in range(5):
            handle = note.options(delay=0.3).enqueue()
            due = handle.get().run_after_utc
            assert due is not None
            late.append(handle.wait(30) - due.timestamp())
    assert min(late) >= 0
    assert statistics.median(late) < IN_TIME


def test_a_worker_ticks_what_others_defined(queue: TaskQueue, several: list[TaskQueue]) -> None:
    """Whoever runs keeps the clock for all."""
    several[0].save_schedules()
    other = TaskQueue(queue.database)
    other.task(report)
    with working(WorkerEngine(other)):
        until(lambda: len(queue.find(status="queued")) > 1)


def report() -> None:
    """A handler that is of no schedule."""


def test_what_nobody_starts_in_time_fails(queue: TaskQueue, record: Record) -> None:
    """Also in a lane that no worker serves, while one is alive."""

    @queue.task
    def other() -> None: ...

    handle = queue.enqueue("nobody-handles-this", expires_in=0.05)
    with working(WorkerEngine(queue)):
        until(lambda: handle.status() == "failed")
        until(lambda: record.named("tasks.expired") == [{"count": 1}])


def test_a_worker_writes_the_schedules_of_its_queue(queue: TaskQueue) -> None:
    """When it starts; the same again writes nothing."""
    with working(WorkerEngine(ticking(queue))):
        until(queue.schedules)
    (schedule,) = queue.schedules()
    assert (schedule.name, schedule.timing, schedule.paused) == ("beat", "every 0.25", False)
    assert queue.save_schedules() == []
