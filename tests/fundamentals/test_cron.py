"""Tasks that the clock enqueues: cron expressions, intervals, and what becomes of missed ticks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from musterq.checks import TaskOptions
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.current import current_task
from musterq.queue.schedules import TickOptions
from musterq.queue.task_queue import TaskQueue
from musterq.worker.ticker import Ticker
from tests.support import MovableClock
from tests.worker.waiting import Record

Tick = Callable[[], int]


@pytest.fixture
def tick(queue: TaskQueue) -> Tick:
    """What the scheduler of a worker does when it wakes; returns how many tasks wait then."""
    ticker = Ticker(queue.storage, queue.events)

    def tick() -> int:
        ticker.run()
        return len(queue.find(status="queued"))

    return tick


def names(queue: TaskQueue) -> list[str]:
    """Those of the schedules in the database, once they are written."""
    queue.save_schedules()
    return [schedule.name for schedule in queue.schedules()]


# -- definitions ---------------------------------------------------------------------------------
def test_a_schedule_stands_above_a_task(queue: TaskQueue):
    """Which stays what it is."""

    @queue.cron("0 2 * * *", timezone="Europe/Berlin")
    @queue.task(type="nightly", max_attempts=2)
    def report() -> str:
        return "done"

    assert (report(), report.type, names(queue)) == ("done", "nightly", ["nightly"])


def test_a_schedule_stands_below_a_task(queue: TaskQueue):
    """What the task says holds for the schedule, too."""

    @queue.task(type="nightly", priority=7)
    @queue.cron("0 2 * * *")
    def report() -> None: ...

    assert (names(queue), list(queue.definitions)) == (["nightly"], ["nightly"])
    assert queue.trigger("nightly").get().priority == 7


def test_a_schedule_alone_makes_the_task(queue: TaskQueue):
    """Its type is the function's name."""

    @queue.every(30)
    def sweep() -> None: ...

    assert names(queue) == ["sweep"]
    sweep.enqueue()
    assert queue.drain() == 1


def test_a_task_gets_its_schedule_later(queue: TaskQueue):
    """The decorator may be called."""

    @queue.task
    def sweep() -> None: ...

    assert queue.every(timedelta(minutes=5))(sweep) is sweep
    queue.save_schedules()
    assert [schedule.timing for schedule in queue.schedules()] == ["every 300"]


def test_a_task_may_have_several_schedules(queue: TaskQueue):
    """The second one's name has its timing, unless it is given one."""

    @queue.cron("0 18 * * *", name="evening", payload={"part": "short"})
    @queue.cron("30 7 * * *", payload={"part": "long"})
    @queue.cron("0 2 * * *")
    @queue.task
    def report(part: str = "all") -> None: ...

    assert names(queue) == ["evening", "report", "report 30 7 * * *"]


def test_a_name_is_given_once(queue: TaskQueue):
    """Two schedules of one name would be one."""

    @queue.task
    def report() -> None: ...

    queue.every(5, name="mine")(report)
    with pytest.raises(ValueError, match="give this one another name="):
        queue.every(6, name="mine")(report)


def test_a_task_of_another_queue_is_refused(queue: TaskQueue):
    """Its workers would never know of it."""
    other = TaskQueue("other.db")

    @other.task
    def report() -> None: ...

    with pytest.raises(ValueError, match="another queue"):
        queue.every(5)(report)


def test_the_payload_must_fit_the_handler(queue: TaskQueue):
    """It is seen when the schedule is defined, not at night."""

    @queue.task
    def report(year: int) -> None: ...

    with pytest.raises(TypeError, match="payload=") as missing:
        queue.cron("0 2 * * *")(report)
    assert "year" in str(missing.value)
    with pytest.raises(TypeError, match="month"):
        queue.cron("0 2 * * *", payload={"year": 2025, "month": 1})(report)


@pytest.mark.parametrize("option", ["delay", "run_at", "expires_at", "idempotency_key", "prio"])
def test_an_option_that_makes_no_sense_is_refused(queue: TaskQueue, option: str):
    """With those that do."""

    @queue.task
    def report() -> None: ...

    with pytest.raises(TypeError, match="expires_in"):
        queue.cron("0 2 * * *", **{option: 5})(report)  # type: ignore[arg-type]


def test_schedules_have_the_options_of_tasks():
    """But for those that would be the same at each tick."""
    once = {"delay", "run_at", "expires_at", "idempotency_key"}
    assert TaskOptions.__optional_keys__ - once == TickOptions.__optional_keys__


def test_wrong_options_are_refused_where_they_stand(queue: TaskQueue):
    """As at `enqueue`."""

    @queue.task
    def report() -> None: ...

    with pytest.raises(ValueError, match="priority"):
        queue.cron("0 2 * * *", priority=0)(report)


# -- ticks ---------------------------------------------------------------------------------------
def test_a_tick_enqueues_the_task(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """Once, with the schedule's own payload and options over the task's."""

    @queue.every(60, payload={"part": "long"}, priority=3, headers={"from": "the clock"})
    @queue.task(max_attempts=2, priority=9)
    def report(part: str) -> None: ...

    queue.save_schedules()
    assert tick() == 0
    clock.advance(60)
    assert (tick(), tick()) == (1, 1)
    (task,) = queue.find()
    assert (task.payload, task.priority, task.max_attempts) == ('{"part":"long"}', 3, 2)


def test_a_task_knows_its_tick(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """The moment that was meant, however late it runs; what was enqueued otherwise has none."""
    seen = []

    @queue.cron("0 * * * *", headers={"from": "the clock"})
    def report() -> None:
        seen.append((current_task().tick, current_task().headers))

    queue.save_schedules()
    hour = datetime.fromtimestamp(clock.time() // 3600 * 3600 + 3600, UTC)
    clock.advance((hour - clock.now()).total_seconds() + 20)
    tick()
    report.enqueue()
    queue.drain()
    assert seen == [(hour, {"from": "the clock", "musterq-tick": hour.isoformat()}), (None, {})]


def test_tasks_expire_by_when_they_were_enqueued(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """So that they do not pile up while nobody can run them."""

    @queue.every(60, expires_in=50)
    def report() -> None: ...

    queue.save_schedules()
    clock.advance(90)
    tick()
    (task,) = queue.find()
    assert task.expires_at_utc == clock.now() + timedelta(seconds=50)


def test_a_restart_loses_no_tick(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """The schedule in the database knows what was due meanwhile."""
    queue.every(60)(queue.task(report))
    assert queue.save_schedules() == ["report"]
    clock.advance(60)
    again = TaskQueue(queue.database)
    again.every(60)(again.task(report))
    assert again.save_schedules() == []
    assert tick() == 1


@pytest.mark.parametrize(("catch_up", "tasks"), [("latest", 1), ("all", 5), ("skip", 0)])
def test_missed_ticks_by_policy(queue: TaskQueue, clock: MovableClock, tick: Tick, catch_up: str, tasks: int):
    """And the event says how many were missed."""
    record = Record(queue.events)
    queue.every(100, catch_up=catch_up)(queue.task(report))
    queue.save_schedules()
    clock.advance(99 - clock.time() % 100)  # a second before the first tick
    clock.advance(1 + 4 * 100 + 70)  # 70 seconds after the fifth
    assert tick() == tasks
    missed = [facts["missed"] for facts in record.named("schedule.missed")]
    assert missed == ([] if catch_up == "all" else [5 - tasks])
    assert len(record.named("task.enqueued")) == tasks
    assert len(record.named("schedule.ticked")) == (1 if tasks else 0)


def test_a_clock_set_forward_and_back_ticks_nothing_twice(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """What was done ahead of time is done."""
    queue.every(60)(queue.task(report))
    queue.save_schedules()
    clock.set_wall_clock(3600)
    assert tick() == 1
    clock.set_wall_clock(-3600)
    clock.advance(3500)
    assert tick() == 1
    clock.advance(200)
    assert tick() == 2


def report() -> None:
    """A handler that several queues may have."""


# -- schedules in the database -------------------------------------------------------------------
@pytest.fixture
def scheduled(queue: TaskQueue) -> TaskQueue:
    """A queue with one schedule."""
    queue.every(60)(queue.task(report))
    queue.save_schedules()
    return queue


def test_a_schedule_can_be_paused_and_resumed(scheduled: TaskQueue, clock: MovableClock, tick: Tick):
    """Its ticks of that time are not caught up with."""
    assert scheduled.pause_schedule("report")
    clock.advance(600)
    assert tick() == 0
    assert scheduled.resume_schedule("report")
    assert tick() == 0
    clock.advance(60)
    assert tick() == 1
    assert not scheduled.resume_schedule("report")
    assert not scheduled.resume_schedule("other")


def test_a_schedule_can_be_removed(scheduled: TaskQueue):
    """Whose code is gone."""
    assert scheduled.remove_schedule("report")
    assert (scheduled.schedules(), scheduled.remove_schedule("report")) == ([], False)


def test_a_schedule_can_be_triggered(scheduled: TaskQueue):
    """Beside its ticks, which stay where they are."""
    before = scheduled.schedules()
    assert scheduled.trigger("report").get().type == "report"
    assert scheduled.schedules() == before


def test_triggering_what_is_not_there_names_what_is(scheduled: TaskQueue):
    """Or says where schedules come from."""
    with pytest.raises(ValueError, match="'other'; there are: 'report'"):
        scheduled.trigger("other")
    scheduled.remove_schedule("report")
    with pytest.raises(ValueError, match="a worker that starts writes them"):
        scheduled.trigger("report")


def test_a_schedule_that_plain_sql_spoiled_stops_no_other(queue: TaskQueue, clock: MovableClock, tick: Tick):
    """It is told once, and ticks when it is mended."""
    record = Record(queue.events)
    queue.every(60, name="good")(queue.task(report))
    for name in ("no timing", "no zone", "no task"):
        queue.every(60, name=name)(queue.definitions["report"])
    queue.save_schedules()
    spoil = "UPDATE schedules SET {} WHERE name = ?"
    queue.database.execute(spoil.format("timing = '* *'"), ["no timing"])
    queue.database.execute(spoil.format("timing = '* * * * *', timezone = 'Mars'"), ["no zone"])
    queue.database.execute(spoil.format("task = '[]'"), ["no task"])
    clock.advance(60)
    assert (tick(), tick()) == (1, 1)
    told = record.named("schedule.failed")
    assert sorted(facts["schedule"] for facts in told) == ["no task", "no timing", "no zone"]
    queue.save_schedules()
    assert tick() > 1


def test_coroutines_have_the_same(queue: TaskQueue):
    """On tasks, below them, and on plain functions."""
    aqueue = AsyncTaskQueue(queue)

    @aqueue.cron("0 2 * * *", name="above")
    @aqueue.task
    async def first() -> int:
        return 1

    @aqueue.task(type="second")
    @aqueue.every(60)
    def other() -> int:
        return 2

    @aqueue.every(timedelta(hours=1))
    async def third() -> int:
        return 3

    async def program() -> list[int]:
        assert await aqueue.save_schedules() == ["above", "second", "third"]
        assert await aqueue.pause_schedule("above")
        assert await aqueue.resume_schedule("above")
        assert await aqueue.remove_schedule("third")
        assert [schedule.name for schedule in await aqueue.schedules()] == ["above", "second"]
        handles = [await aqueue.trigger("above"), await aqueue.trigger("second"), await third.enqueue()]
        await aqueue.drain()
        return [await handle.wait() for handle in handles] + [await first(), other(), await third()]

    assert asyncio.run(program()) == [1, 2, 3, 1, 2, 3]
