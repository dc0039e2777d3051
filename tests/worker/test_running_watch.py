"""The watch over what a worker runs: what was lost, what is to be cancelled, and what does not end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.events import Events
from musterq.models import Claim
from musterq.queue.current import current_task
from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.running_watch import RunningWatch
from tests.worker import child_handlers
from tests.worker.waiting import LIMIT, Record, until, working


def take_back(queue: TaskQueue, handle: Handle[object]) -> None:
    """As a rescue does when it takes a worker for dead: the task is queued, its claim void."""
    queue.database.execute(
        "UPDATE task_queue SET status = 'queued', claim_token = NULL, locked_by = NULL WHERE id = ?", (handle.id,)
    )


def begun(handle: Handle[object]) -> Callable[[], object]:
    """Whether its handler has told that it runs."""
    return lambda: handle.get().progress is not None


def test_a_coroutine_whose_claim_is_lost_is_ended_and_writes_nothing(queue: TaskQueue, record: Record) -> None:
    """It is told once as an event, and its end is refused; the next attempt is another's."""
    ended = []
    first = threading.Event()

    @queue.task
    async def wait() -> str:
        if first.is_set():
            return "the second one"
        first.set()
        current_task().progress(0.5)
        try:
            await asyncio.sleep(LIMIT)
        finally:
            ended.append(current_task().lost)
        return "the first one"

    handle = wait.enqueue()
    with working(WorkerEngine(queue, worker_id="w1", concurrency=1)):
        until(begun(handle))
        take_back(queue, handle)
        assert handle.wait(LIMIT) == "the second one"
        until(lambda: record.named("finish.refused"))
    assert ended == [True]
    (lost,) = record.named("task.lost")
    assert lost == {"task_id": handle.id, "type": "wait", "worker_id": "w1", "attempt": 1}
    assert len(record.named("finish.refused")) == 1
    assert queue.database.execute("SELECT count(*) FROM task_attempts").fetchone()[0] == 0
    assert handle.get().error_message is None


def test_a_thread_whose_claim_is_lost_can_ask(queue: TaskQueue, record: Record) -> None:
    """It goes on until it does; then it has nothing left, and what it returns is refused."""
    seen = []
    first = threading.Event()

    @queue.task
    def work() -> None:
        if first.is_set():
            return
        first.set()
        task = current_task()
        seen.append((task.lost, task.seconds_left > 0))
        task.progress(0.5)
        until(lambda: record.named("task.lost"))
        seen.append((task.lost, task.seconds_left > 0))

    handle = work.enqueue()
    with working(WorkerEngine(queue, concurrency=1)):
        until(begun(handle))
        take_back(queue, handle)
        until(lambda: record.named("finish.refused"))
    assert seen == [(False, True), (True, False)]


def test_a_child_whose_claim_is_lost_is_killed(queue: TaskQueue, record: Record) -> None:
    """It must not go on beside the attempt that counts; what it would have said is refused."""
    handle = queue.task(executor="processes")(child_handlers.sleep).enqueue(3600)
    with working(WorkerEngine(queue, concurrency=1)):
        until(begun(handle))
        queue.database.execute("UPDATE task_queue SET status = 'cancelled', claim_token = NULL")
        until(lambda: record.named("finish.refused"))
    assert len(record.named("task.lost")) == 1
    assert handle.get().status == "cancelled"


def test_a_request_to_cancel_does_not_touch_a_thread(queue: TaskQueue, record: Record) -> None:
    """It asks by itself, and obeys or not."""
    go = threading.Event()

    @queue.task
    def work() -> bool:
        current_task().progress(0.5)
        until(lambda: current_task().cancel_requested)
        return go.wait(LIMIT)

    handle = work.enqueue()
    with working(WorkerEngine(queue)):
        until(begun(handle))
        queue.cancel(handle.id)
        go.set()
        assert handle.wait(LIMIT) is True
    assert record.named("task.lost") == []


class Held:
    """A worker that holds what it is told."""

    def __init__(self, queue: TaskQueue) -> None:
        self.queue = queue
        self.claims: dict[int, Claim] = {}
        self.asked = 0
        self.cancelled: list[int] = []
        self.killed: list[int] = []
        self.events = Events()
        self.record = Record(self.events)
        self.watch = RunningWatch(queue.storage, "w1", events=self.events)
        self.watch.watch(self._claims, cancel=self.cancelled.append, kill=self.killed.append)

    def _claims(self) -> dict[int, Claim]:
        self.asked += 1
        return self.claims.copy()

    def claim(self) -> Claim:
        """Take a task and tell the watch."""
        (claim,) = self.queue.claim("w1")
        self.claims[claim.claim_token] = claim
        self.watch.look()
        return claim


@pytest.fixture
def held(queue: TaskQueue) -> Iterator[Held]:
    held = Held(queue)
    yield held
    held.watch.stop(LIMIT)


def test_while_nothing_runs_it_sleeps_for_good(held: Held) -> None:
    """Until something is claimed; then it looks again within a second, as long as that runs."""
    assert held.watch.run_once() is None
    held.queue.enqueue("thumbnail")
    held.claim()
    pause = held.watch.run_once()
    assert pause is not None
    assert 0 < pause <= 1
    held.claims.clear()
    assert held.watch.run_once() is None


def test_it_wakes_for_what_is_claimed_while_it_sleeps(held: Held) -> None:
    """A claim is missed by no look."""
    held.watch.start()
    until(lambda: held.asked >= 2)
    held.queue.enqueue("thumbnail")
    claim = held.claim()
    take_back(held.queue, held.queue.handle(claim.task_id))
    until(lambda: held.record.named("task.lost"))
    assert held.killed == held.cancelled == [claim.claim_token]


def test_what_has_been_finished_meanwhile_is_not_lost(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the database does not have it as held any more."""
    held.queue.enqueue("thumbnail")
    claim = held.claim()
    held.watch.run_once()
    storage = held.queue.storage
    ask = storage.held_claims

    def finish_first(worker_id: str) -> set[tuple[int, int]]:
        held.claims.clear()
        held.queue.complete(claim)
        return ask(worker_id)

    monkeypatch.setattr(storage, "held_claims", finish_first)
    held.watch._next_ask = 0
    held.watch.run_once()
    assert held.record.named("task.lost") == []


def test_what_it_has_found_out_is_forgotten_with_the_claim(held: Held) -> None:
    """So that a worker that runs for months does not grow."""
    held.queue.enqueue_many([{"type": "thumbnail"}] * 2)
    lost, other = held.claim(), held.claim()
    take_back(held.queue, held.queue.handle(lost.task_id))
    held.queue.cancel(other.task_id)
    held.watch.run_once()
    for _ in range(2):  # told once, however often it looks
        held.watch._next_ask = 0
        held.watch.run_once()
    assert held.watch.notices.lost == {lost.claim_token}
    assert held.watch.notices.cancelled == {other.claim_token}
    assert sorted(held.cancelled) == sorted([lost.claim_token, other.claim_token])
    assert held.killed == [lost.claim_token]
    assert len(held.record.named("task.lost")) == 1
    held.queue.enqueue("thumbnail")
    held.claims.clear()
    held.claim()
    held.watch._next_ask = 0
    held.watch.run_once()
    assert held.watch.notices.lost == held.watch.notices.cancelled == set()


def test_a_thread_that_does_not_end_at_its_limit_is_told_of(queue: TaskQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker says so of itself: it is wedged, and why."""
    monkeypatch.setattr("musterq.queue.time_limits.OVERDUE_SECONDS", 0.0)
    go = threading.Event()

    @queue.task(timeout=0.01, max_attempts=1)
    def hang() -> None:
        go.wait(LIMIT)

    hang.enqueue()
    with working(WorkerEngine(queue, worker_id="w1", heartbeat_seconds=0.05)):
        (worker,) = until(lambda: [w for w in queue.storage.worker_activity() if w.status == "wedged"])
        assert "is over its time limit of 0.01 s" in worker.status_reason
        go.set()
        until(lambda: [w for w in queue.storage.worker_activity() if w.status == "idle"])


def test_a_coroutine_that_blocks_a_thread_is_told_of(queue: TaskQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its definition has it run in one of the threads, it can be stuck there like a plain function."""
    monkeypatch.setattr("musterq.queue.time_limits.OVERDUE_SECONDS", 0.0)
    go = threading.Event()

    @queue.task(timeout=0.01, max_attempts=1, executor="threads")
    async def hang() -> None:
        go.wait(LIMIT)

    hang.enqueue()
    with working(WorkerEngine(queue, worker_id="w1", heartbeat_seconds=0.05)):
        try:
            until(lambda: [w for w in queue.storage.worker_activity() if w.status == "wedged"])
        finally:
            go.set()
        until(lambda: [w for w in queue.storage.worker_activity() if w.status == "idle"])


def test_a_child_that_does_not_end_at_its_limit_is_told_of(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its soft limit alone does not kill it."""
    monkeypatch.setattr("musterq.queue.time_limits.OVERDUE_SECONDS", 0.0)
    child_handlers.add_all(queue)
    go = tmp_path / "go"
    handle = queue.enqueue("disobey", {"until": str(go)}, timeout=0.01)
    with working(WorkerEngine(queue, worker_id="w1", heartbeat_seconds=0.05, executor="processes")):
        try:
            (worker,) = until(lambda: [w for w in queue.storage.worker_activity() if w.status == "wedged"])
            assert f"task {handle.id} (disobey) is over its time limit of 0.01 s" in worker.status_reason
        finally:
            go.touch()
        until(lambda: [w for w in queue.storage.worker_activity() if w.status == "idle"])


def test_a_child_that_will_be_killed_is_not_told_of(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Between its two limits it may tidy up: a watchdog must not end the whole worker for that."""
    monkeypatch.setattr("musterq.queue.time_limits.OVERDUE_SECONDS", 0.0)
    child_handlers.add_all(queue)
    go = tmp_path / "go"
    handle = queue.enqueue("disobey", {"until": str(go)}, timeout=0.01, hard_timeout=LIMIT)
    with working(WorkerEngine(queue, worker_id="w1", heartbeat_seconds=0.02)):
        try:
            until(lambda: handle.get().progress_message == "over it")
            beats = set()
            while len(beats) < 4:
                (worker,) = queue.storage.worker_activity()
                assert worker.status == "busy"
                beats.add(worker.heartbeat_utc)
        finally:
            go.touch()
        handle.wait(LIMIT)
