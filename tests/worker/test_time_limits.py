"""Time limits of plain functions: threads are told of them, wherever they are."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest

from musterq.errors import TaskTimeout
from musterq.events import Events
from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue.task_queue import TaskQueue
from musterq.queue.time_limits import TimeLimits
from musterq.worker import WorkerEngine
from musterq.worker.executor import ThreadExecutor
from musterq.worker.service import Service
from tests.worker.claims import claim, claims
from tests.worker.waiting import LIMIT, until, working


class Teller(Service):
    """Does nothing but tell who is over his limit."""

    def __init__(self) -> None:
        super().__init__("teller", Events())
        self.limits = TimeLimits(self.wake)

    def run_once(self) -> float | None:
        return self.limits.tell_overdue()


@pytest.fixture
def limits() -> Iterator[TimeLimits]:
    """Limits that somebody looks after."""
    teller = Teller()
    teller.start()
    yield teller.limits
    assert teller.stop(LIMIT)


def limited(seconds: float, number: int = 1) -> Claim:
    """A claim with a time limit."""
    return msgspec.structs.replace(claim(number), timeout_seconds=seconds)


def spin() -> None:
    """Python code that does not end."""
    while True:
        pass


def spin_for(seconds: float) -> None:
    """Python code that ends."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_python_code_is_ended_at_its_limit(limits: TimeLimits) -> None:
    """By an exception that says what the limit was."""
    begun = time.monotonic()
    with pytest.raises(TaskTimeout, match=r"not finished within its time limit of 0.05 s"):
        limits.run(limited(0.05), spin)
    assert 0.05 <= time.monotonic() - begun < LIMIT


def test_a_handler_that_ends_in_time_is_left_alone(limits: TimeLimits) -> None:
    """And so is whatever its thread does next."""
    assert limits.run(limited(0.05), lambda: "done") == "done"
    spin_for(0.1)


def test_a_handler_may_catch_it_and_go_on(limits: TimeLimits) -> None:
    """It is told once."""

    def tidy_up() -> str:
        try:
            spin()
        except TaskTimeout:
            spin_for(0.1)
        return "tidy"

    assert limits.run(limited(0.02), tidy_up) == "tidy"


def test_a_call_of_c_code_is_ended_when_it_returns(limits: TimeLimits) -> None:
    """Nothing reaches a thread in there."""
    returned = []

    def sleep() -> None:
        time.sleep(0.2)
        returned.append(time.monotonic())
        spin()

    with pytest.raises(TaskTimeout):
        limits.run(limited(0.02), sleep)
    assert len(returned) <= 1


def test_an_error_of_the_handlers_own_stays_what_it_is(limits: TimeLimits) -> None:
    """A `TaskTimeout`, too, that it raises itself."""
    with pytest.raises(ZeroDivisionError):
        limits.run(limited(5), lambda: 1 // 0)

    def raise_its_own() -> None:
        raise TaskTimeout("the other side was slow")

    with pytest.raises(TaskTimeout, match="the other side was slow"):
        limits.run(limited(5), raise_its_own)


def test_without_a_limit_nobody_is_told(limits: TimeLimits) -> None:
    """The handler is called, and that is all."""
    assert limits.run(claim(), lambda: "done") == "done"


def test_a_sooner_limit_is_kept_although_a_later_one_was_there_first(limits: TimeLimits) -> None:
    """Whoever looks after them is woken."""
    done, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        done.wait(LIMIT)

    other = threading.Thread(target=lambda: limits.run(limited(LIMIT, 2), wait))
    other.start()
    assert begun.wait(LIMIT)
    with pytest.raises(TaskTimeout):
        limits.run(limited(0.02), spin)
    done.set()
    other.join(LIMIT)


@pytest.mark.parametrize("seconds", [0.001, 0.003])
def test_thousands_of_handlers_that_end_at_their_limit(limits: TimeLimits, seconds: float) -> None:
    """Each has an outcome, of one of the two kinds, and no exception hits anything but a handler."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    count = 3000

    def run(claim: Claim) -> Outcome:
        try:
            limits.run(claim, lambda: spin_for(seconds))
        except TaskTimeout:
            return Outcome(claim=claim, status=TaskStatus.SCHEDULED)
        return Outcome(claim=claim, status=TaskStatus.COMPLETED)

    executor = ThreadExecutor(run, 3, begin=lambda number, token: None)
    executor.start()
    try:
        executor.offer([msgspec.structs.replace(each, timeout_seconds=seconds) for each in claims(count)])
        finished: list[Outcome] = []
        until(lambda: finished.extend(executor.take_finished()) or len(finished) == count)
    finally:
        sys.setswitchinterval(usual)
    assert executor.close(LIMIT)
    ended = Counter(outcome.status for outcome in finished)
    assert sorted(outcome.claim.task_id for outcome in finished) == list(range(1, count + 1))
    assert [outcome.error for outcome in finished if outcome.error] == []  # what hits the executor is told there
    assert set(ended) <= {TaskStatus.SCHEDULED, TaskStatus.COMPLETED}


def test_an_exception_that_comes_while_the_handler_ends_changes_nothing_after_it() -> None:
    """Told at every moment of its end: the thread goes on, and nothing is left in the list."""
    told = TimeLimits(lambda: None)
    stop = threading.Event()

    def tell() -> None:
        while not stop.is_set():
            told.tell_overdue()

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    teller = threading.Thread(target=tell)
    teller.start()
    kinds: Counter[str] = Counter()
    try:
        for number in range(10_000):
            try:
                told.run(limited(2e-5 * (number % 5), number), partial(spin_for, 2e-5 * (number % 8)))
                kinds["in time"] += 1
            except TaskTimeout:
                kinds["over"] += 1
    finally:
        stop.set()
        teller.join(LIMIT)
        sys.setswitchinterval(usual)
    assert kinds.total() == 10_000
    assert kinds["in time"] > 0
    assert kinds["over"] > 0
    assert told.overdue() is None


def test_who_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a margin; until then it may still tidy up."""
    limits = TimeLimits(lambda: None)
    begun, release = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(LIMIT)

    def run() -> None:
        with pytest.raises(TaskTimeout):
            limits.run(limited(0.01, 7), hang)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(LIMIT)
    until(lambda: limits.tell_overdue() is None)
    assert limits.overdue() is None
    monkeypatch.setattr("musterq.queue.time_limits.OVERDUE_SECONDS", 0.0)
    words = until(limits.overdue)
    assert "task 7 (thumbnail) is over its time limit of 0.01 s" in words
    release.set()
    thread.join(LIMIT)
    assert limits.overdue() is None


def run_once(queue: TaskQueue, function: Callable[..., object], **options: float) -> str:
    """Have a worker run one attempt; returns what it noted."""
    handle = queue.task(type="limited", max_attempts=1)(function).options(**options).enqueue()  # type: ignore[arg-type]
    with working(WorkerEngine(queue, concurrency=2)):
        until(lambda: handle.status().value in ("completed", "failed"))
    return str(handle.get().error_message)


def test_a_worker_fails_the_attempt(queue: TaskQueue) -> None:
    """In the words of the error, with a traceback that begins in the handler."""
    assert run_once(queue, spin, timeout=0.05) == "TaskTimeout: not finished within its time limit of 0.05 s"
    (trace,) = queue.database.execute("SELECT traceback FROM task_attempts").fetchone()
    assert "in spin" in trace
    assert "queue/time_limits.py" not in trace


def test_a_worker_does_not_end_who_is_in_time(queue: TaskQueue) -> None:
    """A limit that is not met costs nothing."""
    assert run_once(queue, lambda: None, timeout=5) == "None"
