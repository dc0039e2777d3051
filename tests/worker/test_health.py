"""What a worker process says of itself with each beat."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from musterq.models import WorkerActivity
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.health import STUCK_BEATS, Health
from musterq.worker.stopping import StopRequest
from tests.support import MovableClock
from tests.worker.waiting import LIMIT, until, working


@dataclass
class Loop:
    """A claim loop of which a test says how far it is."""

    held: int = 0
    moves: int = 0
    resting: bool = False


class Case:
    """A health, and all that it looks at."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.stop = StopRequest()
        self.clock = MovableClock()
        self.overdue: str | None = None
        self.health = Health(self.loop, self.stop, self.clock, overdue=lambda: self.overdue)

    def state(self, beats: int = 1) -> str:
        """What it says at the last of so many beats."""
        for _ in range(beats):
            self.clock.advance(10)
            pulse = self.health.pulse()
        return pulse.state


@pytest.fixture
def case() -> Case:
    return Case()


def test_it_is_idle_or_busy_by_what_it_holds(case: Case) -> None:
    """With the number in words."""
    case.loop.resting = True
    assert case.state() == "idle"
    case.loop.held = 1
    assert (case.health.pulse().state, case.health.pulse().reason) == ("busy", "it holds 1 task")
    case.loop.held = 3
    assert case.health.pulse().reason == "it holds 3 tasks"


def test_since_when_is_when_it_began(case: Case) -> None:
    """Not the time of the beat."""
    case.loop.resting = True
    case.state()
    since = case.clock.time()
    case.state(5)
    assert case.health.pulse().since == since
    case.loop.held = 1
    case.state()
    assert case.health.pulse().since == case.clock.time()


def test_a_loop_that_sleeps_is_not_stuck(case: Case) -> None:
    """However long there is nothing to do."""
    case.loop.resting = True
    assert case.state(50) == "idle"


def test_a_loop_that_moves_is_not_stuck(case: Case) -> None:
    """Although it is at work whenever somebody looks."""
    for _ in range(50):
        case.loop.moves += 1
        assert case.state() == "idle"


def test_a_loop_that_stands_still_within_its_work_is_stuck(case: Case) -> None:
    """After some beats, and not before; it recovers when it moves."""
    assert case.state(STUCK_BEATS) == "idle"
    pulse = case.health.pulse()
    assert (pulse.state, pulse.reason) == ("wedged", "its claim loop has not moved for 3 beats")
    case.loop.moves += 1
    assert case.state() == "idle"


def test_a_task_that_will_not_die_is_told(case: Case) -> None:
    """In the words of who knows it."""
    case.loop.resting = True
    case.loop.held = 1
    case.overdue = "task 7 is 30 s over its limit"
    pulse = case.health.pulse()
    assert (pulse.state, pulse.reason) == ("wedged", "task 7 is 30 s over its limit")


def test_a_worker_that_is_to_end_drains(case: Case) -> None:
    """Whatever its loop does then."""
    case.stop.ask("asked")
    assert case.state(10) == "draining"
    assert "asked" in case.health.pulse().reason


def seen(queue: TaskQueue) -> WorkerActivity:
    return queue.storage.worker_activity()[0]


def test_a_worker_whose_claim_loop_hangs_is_seen_as_wedged(queue: TaskQueue) -> None:
    """Here in a subscriber of events that does not return; its beats go on, and it recovers."""
    go = threading.Event()
    queue.events.subscribe(lambda name, _: go.wait(LIMIT) if name == "task.completed" else None)
    queue.task(type="one")(lambda: 1)
    queue.enqueue("one")
    with working(WorkerEngine(queue, heartbeat_seconds=0.05)):
        try:
            until(lambda: queue.storage.workers() and seen(queue).status == "wedged")
            assert "claim loop" in seen(queue).status_reason
        finally:
            go.set()
        until(lambda: seen(queue).status == "idle")
