"""The threads that run claims, without a database."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from musterq.models import Claim, Outcome, TaskStatus
from musterq.worker.bell import Bell
from musterq.worker.executor import FIRST_THREADS, ThreadExecutor
from tests.worker.claims import claims
from tests.worker.waiting import LIMIT, until

Start = Callable[..., ThreadExecutor]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts executors, and ends them."""
    started: list[ThreadExecutor] = []

    def make(run: Callable[[Claim], Outcome], threads: int = 2) -> ThreadExecutor:
        executor = ThreadExecutor(run, threads, begin=lambda number, token: None)
        executor.start()
        started.append(executor)
        return executor

    yield make
    for executor in started:
        assert executor.close(LIMIT)


def complete(claim: Claim) -> Outcome:
    return Outcome(claim=claim, status=TaskStatus.COMPLETED)


def test_every_claim_is_run_once(start: Start) -> None:
    """Far more claims than threads, offered in two parts."""
    executor = start(complete, threads=8)
    executor.offer(claims(500))
    executor.offer(claims(500))
    finished: list[Outcome] = []
    until(lambda: finished.extend(executor.take_finished()) or len(finished) == 1000)
    assert sorted(outcome.claim.task_id for outcome in finished) == sorted([*range(1, 501)] * 2)


def test_a_claim_that_is_offered_while_a_thread_falls_asleep_is_run(
    start: Start,
) -> None:
    """Thousands of claims, each offered as soon as the one before has finished; nobody looks a second time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet at every line
    try:
        executor = start(complete, threads=1)
        bell = Bell()
        for claim in claims(10_000):
            executor.offer([claim])
            if executor.call_on_finish(bell.wake, stock=0):
                bell.wait(LIMIT)
            assert len(executor.take_finished()) == 1
    finally:
        sys.setswitchinterval(usual)


def test_claims_begin_in_the_order_in_which_they_were_offered(start: Start) -> None:
    """One thread runs them one after the other."""
    executor = start(complete, threads=1)
    executor.offer(claims(20))
    finished: list[Outcome] = []
    until(lambda: finished.extend(executor.take_finished()) or len(finished) == 20)
    assert [outcome.claim.task_id for outcome in finished] == list(range(1, 21))


def test_as_many_claims_run_at_once_as_there_are_threads(start: Start) -> None:
    """Each waits for the others: they finish only together."""
    together = threading.Barrier(4)

    def meet(claim: Claim) -> Outcome:
        together.wait(LIMIT)
        return complete(claim)

    executor = start(meet, threads=4)
    executor.offer(claims(4))
    finished: list[Outcome] = []
    until(lambda: finished.extend(executor.take_finished()) or len(finished) == 4)


def test_threads_begin_when_they_are_first_needed(start: Start) -> None:
    """Of many, a few; the others with the claims that find all of these busy."""
    together, release = threading.Semaphore(0), threading.Event()

    def hold(claim: Claim) -> Outcome:
        together.release()
        release.wait(LIMIT)
        return complete(claim)

    executor = start(hold, threads=200)
    assert len(executor._threads) == FIRST_THREADS
    for offered in (claims(5), claims(60)):
        executor.offer(offered)
        for _ in offered:
            assert together.acquire(timeout=LIMIT)
    assert 65 <= len(executor._threads) < 200
    release.set()
    finished: list[Outcome] = []
    until(lambda: finished.extend(executor.take_finished()) or len(finished) == 65)


def test_what_no_thread_has_begun_can_be_taken_back(start: Start) -> None:
    """The one that runs goes on; the others are never run."""
    begun, release = threading.Event(), threading.Event()

    def hold(claim: Claim) -> Outcome:
        begun.set()
        release.wait(LIMIT)
        return complete(claim)

    executor = start(hold, threads=1)
    executor.offer(claims(3))
    assert begun.wait(LIMIT)
    assert executor.oldest_offer() is not None
    assert [claim.task_id for claim in executor.take_unstarted()] == [2, 3]
    assert executor.oldest_offer() is None
    release.set()
    (outcome,) = until(executor.take_finished)
    assert outcome.claim.task_id == 1


def test_what_waits_for_a_busy_thread_is_in_excess(start: Start) -> None:
    """The last offered first; what an idle thread was woken for is its own."""
    begun, release = threading.Semaphore(0), threading.Event()

    def hold(claim: Claim) -> Outcome:
        begun.release()
        release.wait(LIMIT)
        return complete(claim)

    executor = start(hold, threads=2)
    executor.offer(claims(4))
    for _ in range(2):
        assert begun.acquire(timeout=LIMIT)
    assert [claim.task_id for claim in executor.take_excess()] == [4, 3]
    assert executor.take_unstarted() == []
    release.set()


def test_a_finish_calls_whoever_asked_for_it_once(start: Start) -> None:
    """The sleeper is woken by the first finish; the next one calls nobody."""
    executor = start(complete, threads=1)
    bell = Bell()
    assert executor.call_on_finish(bell.wake, stock=0)
    executor.offer(claims(1))
    bell.wait(LIMIT)
    assert len(executor.take_finished()) == 1


def test_who_asks_after_a_finish_is_told_so(start: Start) -> None:
    """He must not sleep: nobody would wake him."""
    executor = start(complete)
    executor.offer(claims(1))
    until(lambda: not executor.call_on_finish(lambda: None, stock=0))


def test_a_run_that_fails_by_itself_is_an_outcome_and_the_thread_lives_on(start: Start) -> None:
    """Whatever is raised, the task is retried with the error in its words, and the next claim runs."""

    def exit_first(claim: Claim) -> Outcome:
        if claim.task_id == 1:
            raise SystemExit(3)
        return complete(claim)

    executor = start(exit_first, threads=1)
    executor.offer(claims(2))
    finished: list[Outcome] = []
    until(lambda: finished.extend(executor.take_finished()) or len(finished) == 2)
    assert [outcome.status for outcome in finished] == [TaskStatus.SCHEDULED, TaskStatus.COMPLETED]
    assert "SystemExit: 3" in (finished[0].error or "")


def test_close_does_not_wait_longer_than_it_is_told_for_a_task_that_runs() -> None:
    """False: a thread is still at it."""
    begun, release = threading.Event(), threading.Event()

    def hold(claim: Claim) -> Outcome:
        begun.set()
        release.wait(LIMIT)
        return complete(claim)

    executor = ThreadExecutor(hold, 2, begin=lambda number, token: None)
    executor.start()
    executor.offer(claims(1))
    assert begun.wait(LIMIT)
    assert not executor.close()
    release.set()
    assert executor.close(LIMIT)
