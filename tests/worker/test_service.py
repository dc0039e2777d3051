"""The one loop that every part of a worker beside its tasks runs in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from musterq.events import Events
from musterq.worker.service import LONGEST_RETRY_SECONDS, Service, retry_pause
from tests.worker.waiting import LIMIT, Record


class Counting(Service):
    """Notes each run, and does in it what the test wants."""

    def __init__(self, events: Events, run: Callable[[], float | None]) -> None:
        super().__init__("counting", events)
        self.runs: SimpleQueue[str] = SimpleQueue()
        self._run = run

    def run_once(self) -> float | None:
        self.runs.put(threading.current_thread().name)
        return self._run()


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """What is in here at the end is stopped."""
    started: list[Service] = []
    yield started
    for service in started:
        assert service.stop(LIMIT)


def start(services: list[Service], run: Callable[[], float | None], events: Events | None = None) -> Counting:
    service = Counting(events or Events(), run)
    services.append(service)
    service.start()
    return service


def test_it_runs_at_once_in_a_thread_of_its_own_name(services: list[Service]) -> None:
    """A service that wants no second run is still run once."""
    assert start(services, lambda: None).runs.get(timeout=LIMIT) == "counting"


def test_it_runs_again_after_the_seconds_that_a_run_returned(services: list[Service]) -> None:
    """The loop is the service's, a part says only when."""
    service = start(services, lambda: 0.001)
    for _ in range(3):
        service.runs.get(timeout=LIMIT)


def test_wake_brings_the_next_run_forward(services: list[Service]) -> None:
    """An hour's pause ends when somebody wakes it."""
    service = start(services, lambda: 3600.0)
    service.runs.get(timeout=LIMIT)
    service.wake()
    service.runs.get(timeout=LIMIT)


def test_an_exception_is_told_and_the_loop_goes_on(services: list[Service]) -> None:
    """A failing run is no end: it says which service failed, why, and when it runs again."""
    events = Events()
    record = Record(events)
    faults = iter([OSError("no such device")])

    def fail_once() -> None:
        for fault in faults:
            raise fault

    service = start(services, fail_once, events)
    service.runs.get(timeout=LIMIT)
    service.runs.get(timeout=LIMIT)
    (failed,) = record.named("service.failed")
    assert (failed["service"], str(failed["error"]), failed["retry_in_seconds"]) == ("counting", "no such device", 0.1)


def test_pauses_grow_with_each_failure_in_a_row_up_to_a_limit() -> None:
    """A tenth of a second first, doubled each time, never over five seconds, however often it fails."""
    assert [retry_pause(n) for n in (1, 2, 3, 4)] == [0.1, 0.2, 0.4, 0.8]
    assert retry_pause(7) == retry_pause(100_000) == LONGEST_RETRY_SECONDS


def test_stop_waits_for_the_current_run_and_begins_no_other() -> None:
    """True once the thread has ended."""
    service = Counting(Events(), lambda: 0.0)
    service.start()
    service.runs.get(timeout=LIMIT)
    assert service.stop(LIMIT)
    while not service.runs.empty():
        service.runs.get()
    service.wake()
    assert service.runs.empty()


def test_stop_says_when_a_run_takes_longer_than_the_time_given() -> None:
    """False: the run is still under way."""
    release = threading.Event()
    service = Counting(Events(), lambda: None if release.wait(LIMIT) else 1.0)
    service.start()
    service.runs.get(timeout=LIMIT)
    assert not service.stop(0.01)
    release.set()
    assert service.stop(LIMIT)


def test_stop_before_start_is_nothing_to_wait_for() -> None:
    """A service that never ran has ended."""
    assert Counting(Events(), lambda: None).stop()


def test_a_run_may_stop_its_own_service() -> None:
    """It does not wait for itself."""
    ended = threading.Event()

    def stop_myself() -> float:
        assert service.stop()
        ended.set()
        return 0.0

    service = Counting(Events(), stop_myself)
    service.start()
    assert ended.wait(LIMIT)
    assert service.stop(LIMIT)
