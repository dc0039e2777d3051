"""The rescuer: what a dead process held starts elsewhere at once, and everybody is told."""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.models import Rescued, WorkerActivity
from musterq.queue.task_queue import TaskQueue
from musterq.storage.sqlite import rescuing
from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.times import Moment
from musterq.worker import WorkerEngine
from musterq.worker.rescuer import Rescuer
from tests.worker.waiting import LIMIT, Record, freeze, until, working

DYING = Path(__file__).parents[1] / "storage" / "conformance" / "dying_worker.py"
PROGRAM = Path(__file__).with_name("worker_program.py")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(queue: TaskQueue) -> Iterator[Start]:
    """Starts processes that hold tasks; they are dead at the end of the test in any case."""
    started: list[subprocess.Popen[str]] = []

    def start(worker_id: str, tasks: int = 1) -> subprocess.Popen[str]:
        arguments = [sys.executable, str(DYING), queue.database.location, worker_id, str(tasks)]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert len(process.stdout.readline().split()) == tasks
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def rescuer(queue: TaskQueue) -> Iterator[Rescuer]:
    """One without a worker, as a supervisor runs it."""
    queue.database.initialize_schema()
    rescuer = Rescuer(queue.storage, events=queue.events)
    rescuer.start()
    yield rescuer
    assert rescuer.stop(LIMIT)


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def seen(queue: TaskQueue, worker_id: str) -> WorkerActivity:
    return next(worker for worker in queue.storage.worker_activity() if worker.worker_id == worker_id)


def test_a_killed_process_is_rescued_at_once(queue: TaskQueue, start: Start, rescuer: Rescuer, record: Record) -> None:
    """Nobody claims and nobody else works: the kernel tells of the death, long before the next look."""
    seconds = []
    for number in range(5):
        queue.enqueue("mail")
        process = start(f"w{number}")
        killed = time.monotonic()
        process.kill()
        until(lambda number=number: len(record.named("worker.lost")) > number)
        seconds.append(time.monotonic() - killed)
        process.wait(LIMIT)
    assert statistics.median(seconds) < 0.5
    assert max(seconds) < 5
    assert {activity.status for activity in queue.storage.worker_activity()} == {"lost"}


def test_everybody_is_told(queue: TaskQueue, start: Start, rescuer: Rescuer, record: Record) -> None:
    """Who is lost, why, what it held, and what became of that."""
    ids = tuple(queue.enqueue("mail").id for _ in range(3))
    start("w1", tasks=3).kill()
    (lost,) = until(lambda: record.named("worker.lost"))
    assert lost == {"worker_id": "w1", "reason": "lock free", "tasks": ids}
    assert until(lambda: record.named("tasks.rescued")) == [{"queued": ids, "failed": (), "cancelled": ()}]


def test_a_dead_worker_that_held_nothing_is_told_once(
    queue: TaskQueue, start: Start, rescuer: Rescuer, record: Record
) -> None:
    """Further looks find it marked."""
    start("w1", tasks=0).kill()
    assert until(lambda: record.named("worker.lost")) == [{"worker_id": "w1", "reason": "lock free", "tasks": ()}]
    rescuer.run_once()
    assert (len(record.named("worker.lost")), record.named("tasks.rescued")) == (1, [])


@pytest.mark.parametrize("tasks", [0, 2])
def test_a_death_that_two_see_at_once_is_told_by_one(queue: TaskQueue, start: Start, tasks: int) -> None:
    """Each may have looked before the other wrote; who comes second finds it written."""
    queue.database.initialize_schema()
    ids = tuple(queue.enqueue("mail").id for _ in range(tasks))
    process = start("w1", tasks=tasks)
    process.kill()
    process.wait(LIMIT)
    storage = queue.storage
    assert isinstance(storage, SQLiteStorage)
    found = storage._read(lambda connection: rescuing.look(connection, storage._is_dead, Moment(storage.clock)))
    assert found is not None
    first, second = (
        storage._write(
            lambda connection: rescuing.rescue_all(
                connection, found, storage._is_dead, storage._liveness.begun, Moment(storage.clock)
            )
        )
        for _ in range(2)
    )
    assert [(lost.worker_id, lost.tasks) for lost in first.lost] == [("w1", ids)]
    assert second == Rescued()


def test_the_task_starts_on_an_idle_worker(queue: TaskQueue, start: Start) -> None:
    """Its rescuer gives it back, and its claim loop is woken by that write."""
    queue.enqueue("mail")
    process = start("w1")

    @queue.task(type="mail")
    def mail() -> float:
        return time.time()

    with working(WorkerEngine(queue, worker_id="w2")):
        until(lambda: queue.storage.worker("w2"))
        killed = time.time()
        process.kill()
        assert queue.handle(1).wait(LIMIT) - killed < 5


def test_a_stopped_process_is_suspended_and_finishes_too_late(queue: TaskQueue, rescuer: Rescuer) -> None:
    """Its tasks go back when its lease is over; what it does when it goes on is refused, and written down."""
    handle = queue.enqueue("hold")
    arguments = ["w1", "heartbeat_seconds=0.1", "lease_seconds=0.5"]
    process = subprocess.Popen([sys.executable, str(PROGRAM), queue.database.location, *arguments])
    try:
        until(lambda: handle.get().progress)
        freeze(process, queue.database.location)
        until(lambda: handle.status() == "queued")
        queue.pause("hold")
        until(lambda: seen(queue, "w1").status == "suspended")
        Path(queue.database.location).with_name("go").touch()
        process.send_signal(signal.SIGCONT)
        until(lambda: queue.storage.ledger_totals().get("refused"))
        entries = queue.storage.ledger(10, worker_id="w1")
        assert {(entry.event, entry.reason) for entry in entries} == {
            ("rescued", "heartbeat too old"),
            ("refused", "not held"),
        }
        assert {entry.pid for entry in entries} == {process.pid}
        until(lambda: seen(queue, "w1").status == "idle")
        assert handle.status() == "queued"
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(LIMIT)


def test_it_ends_at_once_and_gives_back_what_it_has_open(queue: TaskQueue) -> None:
    """Also one that never started."""
    storage = queue.storage
    storage.ensure_schema()
    Rescuer(storage, events=queue.events).stop()
    storage.rescue_expired()
    before = open_files()
    for _ in range(20):
        rescuer = Rescuer(storage, events=queue.events)
        rescuer.start()
        assert rescuer.stop(LIMIT)
        assert Rescuer(storage, events=queue.events).stop()
    assert open_files() <= before + 3  # the readers that its threads left for others


def test_it_looks_again_when_it_is_woken(queue: TaskQueue, rescuer: Rescuer) -> None:
    """And by itself, once a second, for what nobody tells."""
    looks: list[float] = []
    storage = queue.storage
    assert isinstance(storage, SQLiteStorage)
    look = storage.rescue_expired

    def counted() -> object:
        looks.append(time.monotonic())
        return look()

    storage.rescue_expired = counted  # type: ignore[method-assign,assignment]
    rescuer.wake()
    until(lambda: looks)
    until(lambda: len(looks) > 1, limit=5)


def test_a_burst_does_what_the_dead_have_left_before_it_ends(
    queue: TaskQueue, start: Start, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing was queued when it came."""

    @queue.task
    def work() -> None: ...

    work.enqueue()
    dead = start("dead")
    dead.kill()
    dead.wait(LIMIT)
    monkeypatch.setattr(Rescuer, "run_once", lambda _self: 1.0)  # its own look may come late
    WorkerEngine(queue, burst=True).run()
    assert [facts["worker_id"] for facts in record.named("worker.lost")] == ["dead"]
    assert queue.find(status="processing") == []
    assert len(queue.find(status="completed")) == 1
