"""Looking closely: the attempts and the log of a task, what a worker holds, and what is around a task."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from musterq.circumstances import Before, Circumstances, OtherTask
from musterq.models import Crash, NewTask, Task, TaskStatus
from musterq.records import NewPart, TypeLimit
from musterq.storage.base import LivenessLock, Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import FACTS, end, put, say, take, take_one, taken
from tests.support import MovableClock


def around(storage: Storage, task_id: int) -> Circumstances:
    found = storage.circumstances(task_id)
    assert found is not None
    return found


def ids(tasks: tuple[OtherTask, ...] | list[Task]) -> list[int]:
    return [task.id for task in tasks]


# -- attempts and logs -----------------------------------------------------------------------------
def test_attempts_that_did_not_complete_are_kept_oldest_first(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    started = clock.now()
    claim = take_one(storage)
    clock.advance(3)
    end(storage, claim, TaskStatus.SCHEDULED, error="first", traceback="lines", retry_in_seconds=0)
    end(storage, take_one(storage, "worker-2"), TaskStatus.FAILED, error="second")
    first, second = storage.task_attempts(task_id)
    assert (first.attempt, first.outcome, first.worker_id) == (1, "failed", "worker-1")
    assert (first.started_at_utc, first.finished_at_utc) == (started, clock.now())
    assert (first.error, first.traceback) == ("first", "lines")
    assert (second.attempt, second.worker_id, second.error, second.traceback) == (2, "worker-2", "second", None)


def test_of_many_attempts_the_newest_are_given(storage: Storage):
    task_id = put(storage, max_attempts=9)
    for _ in range(4):
        end(storage, take_one(storage), TaskStatus.SCHEDULED, error="no")
    assert [attempt.attempt for attempt in storage.task_attempts(task_id, 2)] == [3, 4]


def test_how_a_process_died_stands_with_its_attempt(storage: Storage):
    task_id = put(storage)
    crash = Crash(signal=9, peak_bytes=2**20)
    end(storage, take_one(storage), TaskStatus.QUEUED, error="its process was killed", crash=crash)
    (lost,) = storage.task_attempts(task_id)
    assert (lost.outcome, lost.signal, lost.exit_code, lost.peak_bytes) == ("lost", 9, None, 2**20)


def test_an_attempt_that_had_not_begun_has_no_start(storage: Storage, clock: MovableClock):
    put(storage)
    task_id = put(storage)
    take(storage, ahead=1)
    clock.advance(61)
    storage.rescue_expired()
    assert [attempt.started_at_utc for attempt in storage.task_attempts(task_id)] == [None]


def test_the_last_lines_of_a_log_oldest_first(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    claim = take_one(storage)
    for message in ("one", "two", "three"):
        clock.advance(1)
        say(storage, claim, message, '{"page": 1}')
    lines = storage.task_logs(task_id, 2)
    assert [(line.message, line.level, line.details) for line in lines] == [
        ("two", "INFO", '{"page": 1}'),
        ("three", "INFO", '{"page": 1}'),
    ]
    assert lines[-1].at_utc == clock.now()


def test_a_task_that_is_not_there_has_nothing(storage: Storage):
    assert storage.task_attempts(17) == []
    assert storage.task_logs(17, 5) == []
    assert storage.place_in_lane(17) is None
    assert storage.circumstances(17) is None


# -- what a worker holds ---------------------------------------------------------------------------
def test_what_a_worker_holds_by_whatever_lease(storage: Storage):
    mine = [put(storage) for _ in range(3)]
    put(storage)
    take(storage, limit=2, lease_seconds=None)
    take_one(storage, lease_seconds=600)
    take_one(storage, "worker-2")
    assert ids(storage.held_tasks("worker-1", 10)) == mine
    assert len(storage.held_tasks("worker-1", 2)) == 2
    assert {task.status for task in storage.held_tasks("worker-1", 10)} == {"processing"}


def test_a_worker_that_has_ended_its_tasks_holds_none(storage: Storage):
    put(storage)
    end(storage, take_one(storage))
    assert storage.held_tasks("worker-1", 10) == []


# -- the place in a lane ---------------------------------------------------------------------------
def test_the_place_by_priority_and_by_age(storage: Storage):
    put(storage, priority=200)
    put(storage, priority=50)
    put(storage)
    asked = put(storage)
    put(storage, priority=1)
    put(storage)
    put(storage, type="video", priority=1)
    place = storage.place_in_lane(asked)
    assert place is not None
    assert (place.waiting, place.by_priority, place.by_id) == (6, Before(count=3), Before(count=3))


def test_the_place_tells_what_a_claim_takes_before(storage: Storage):
    """Whatever the priorities, also those that only plain SQL can put in."""
    everyone = [put(storage, priority=1 + n * 37 % 1000) for n in range(30)]
    order = taken(take(storage, limit=30))
    for task_id in everyone:
        storage.execute("UPDATE task_queue SET status = 'queued' WHERE id = ?", (task_id,))
    for at, task_id in enumerate(order):
        place = storage.place_in_lane(task_id)
        assert place is not None
        assert place.by_priority == Before(count=at)


def test_priorities_beyond_the_range_have_their_places(storage: Storage, sql: PlainSQL):
    for priority in (-5, -7, 0, 2000, 1023, 3000):
        sql.execute("INSERT INTO task_queue (type, payload, priority) VALUES ('mail', '{}', ?)", (priority,))
    places = [storage.place_in_lane(task_id) for task_id in range(1, 7)]
    assert [place.by_priority.count for place in places if place is not None] == [1, 0, 2, 4, 3, 5]


def test_what_was_retried_counts_by_its_id_too(storage: Storage):
    """It keeps its place among the older ones."""
    first = put(storage)
    end(storage, take_one(storage), TaskStatus.FAILED, error="no")
    storage.retry(first)
    place = storage.place_in_lane(put(storage))
    assert place is not None
    assert place.by_id == Before(count=1)


def test_counting_in_one_priority_stops_somewhere(storage: Storage):
    storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(10_050)])
    last = put(storage)
    put(storage, priority=1)
    place = storage.place_in_lane(last)
    assert place is not None
    assert place.by_priority == Before(count=10_001, exact=False)
    assert place.by_id == Before(count=10_000, exact=False)
    middle = storage.place_in_lane(9_000)
    assert middle is not None
    assert middle.by_priority == Before(count=9_000)


def test_only_what_waits_has_a_place(storage: Storage):
    put(storage)
    running = take_one(storage)
    scheduled = end(storage, running, TaskStatus.SCHEDULED, error="no", retry_in_seconds=60)
    assert scheduled
    first, held = (put(storage, concurrency_key="user:7") for _ in range(2))
    assert storage.place_in_lane(running.task_id) is None
    assert storage.place_in_lane(held) is None
    assert storage.place_in_lane(first) is not None


# -- the circumstances -----------------------------------------------------------------------------
def test_they_are_of_one_moment_and_with_all_that_happened(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    claim = take_one(storage)
    say(storage, claim, "hello")
    clock.advance(61)
    storage.rescue_expired()
    found = around(storage, task_id)
    assert found.now == clock.now()
    assert found.task == storage.get(task_id)
    assert found.attempts == tuple(storage.task_attempts(task_id))
    assert found.rescues == tuple(storage.ledger(10, task_id=task_id))
    assert found.logs == tuple(storage.task_logs(task_id, 20))
    assert (len(found.attempts), len(found.rescues), len(found.logs)) == (1, 1, 1)


def test_as_many_log_lines_as_are_wanted(storage: Storage):
    task_id = put(storage)
    claim = take_one(storage)
    for message in ("one", "two"):
        say(storage, claim, message)
    found = storage.circumstances(task_id, logs=1)
    assert found is not None
    assert [line.message for line in found.logs] == ["two"]


def test_of_a_queued_task_the_workers_and_its_place(storage: Storage):
    task_id = put(storage)
    storage.register("worker-1", "{}")
    found = around(storage, task_id)
    assert [worker.worker_id for worker in found.workers] == ["worker-1"]
    assert found.place == storage.place_in_lane(task_id)
    assert (found.paused_since, found.limit, found.key, found.holder, found.lease_seconds) == (None,) * 5


def test_since_when_a_type_is_paused(storage: Storage, clock: MovableClock):
    task_id = put(storage)
    storage.pause("mail")
    paused = clock.now()
    clock.advance(9)
    assert around(storage, task_id).paused_since == paused


def test_who_has_the_places_of_a_type(storage: Storage):
    storage.set_limit("mail", TypeLimit(max_running=2))
    first, second, third = (put(storage) for _ in range(3))
    put(storage, type="video")
    take(storage, limit=1, types=frozenset(["mail"]), lease_seconds=None)
    limit = around(storage, third).limit
    assert limit is not None
    assert (limit.max_running, limit.running, limit.holders) == (2, 1, ())
    take(storage, "worker-2", limit=9)
    limit = around(storage, third).limit
    assert limit is not None
    assert limit.running == 2
    assert limit.holders == (
        OtherTask(id=first, type="mail", status="processing", worker_id="worker-1"),
        OtherTask(id=second, type="mail", status="processing", worker_id="worker-2"),
    )


def test_when_the_next_token_comes(storage: Storage, clock: MovableClock):
    storage.set_limit("mail", TypeLimit(rate_count=1, rate_seconds=10.0))
    put(storage)
    second = put(storage)
    assert storage.circumstances(second).limit.seconds_to_token is None  # type: ignore[union-attr]
    take_one(storage)
    clock.advance(4)
    limit = around(storage, second).limit
    assert limit is not None
    assert limit.seconds_to_token == pytest.approx(6)


def test_who_has_the_places_of_a_key(storage: Storage):
    keyed = {"concurrency_key": "user:7", "concurrency_limit": 2}
    running, waiting, _, asked = (put(storage, **keyed) for _ in range(4))
    take_one(storage)
    put(storage, **keyed, priority=500)
    key = around(storage, asked).key
    assert key is not None
    assert (key.places, key.before) == (2, Before(count=1))
    assert key.holders == (
        OtherTask(id=running, type="mail", status="processing", worker_id="worker-1"),
        OtherTask(id=waiting, type="mail", status="queued"),
    )


def chain(storage: Storage, length: int) -> list[int]:
    parts = [
        NewPart(task=NewTask(type=f"step-{n}", payload="{}"), next=n + 1 if n < length - 1 else None, waits=n > 0)
        for n in range(length)
    ]
    return storage.enqueue_parts(parts)


def test_what_a_chain_stands_at(storage: Storage):
    """The one before it, and the one that has to end first of all."""
    first, second, third, last = chain(storage, 4)
    found = around(storage, last)
    assert (ids(found.awaited), found.begins_with) == ([third], OtherTask(id=first, type="step-0", status="queued"))
    end(storage, take_one(storage))
    found = around(storage, last)
    assert found.begins_with == OtherTask(id=second, type="step-1", status="queued")
    assert around(storage, third).begins_with is None
    assert ids(around(storage, third).awaited) == [second]


def test_which_parts_of_a_group_are_awaited(storage: Storage):
    part = NewPart(task=NewTask(type="part", payload="{}"), group=0, next=5)
    last = storage.enqueue_parts([*[part] * 5, NewPart(task=NewTask(type="last", payload="{}"), waits=True, joins=5)])[
        -1
    ]
    done = take(storage, limit=3)
    for claim in done[:2]:
        end(storage, claim)
    found = around(storage, last)
    assert found.task.awaits == 3
    assert [(task.id, task.status) for task in found.awaited] == [(3, "processing"), (4, "queued"), (5, "queued")]


def test_of_many_parts_some_are_named(storage: Storage):
    part = NewPart(task=NewTask(type="part", payload="{}"), group=0, next=50)
    last = storage.enqueue_parts(
        [*[part] * 50, NewPart(task=NewTask(type="last", payload="{}"), waits=True, joins=50)]
    )[-1]
    assert len(around(storage, last).awaited) == 20


@pytest.fixture
def lock(storage: Storage) -> Iterator[LivenessLock]:
    """A worker process."""
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    yield lock
    lock.release()


def test_of_a_held_task_its_worker_and_its_lease(storage: Storage, clock: MovableClock, lock: LivenessLock):
    task_id = put(storage)
    take_one(storage, lease_seconds=None)
    clock.advance(20)
    found = around(storage, task_id)
    assert found.holder is not None
    assert (found.holder.worker_id, found.holder.tasks_in_flight) == ("worker-1", 1)
    assert found.lease_seconds == 40
    assert (found.workers, found.place) == ((), None)
    clock.advance(50)
    assert around(storage, task_id).lease_seconds == -10


def test_a_holder_that_is_not_on_the_roll(storage: Storage, sql: PlainSQL):
    task_id = put(storage)
    sql.execute("UPDATE task_queue SET status = 'processing', locked_by = 'nobody' WHERE id = ?", (task_id,))
    found = around(storage, task_id)
    assert found.holder is None
    assert found.lease_seconds == pytest.approx(60, abs=5)  # since its last change, which plain SQL may have dated


def test_a_finished_task_needs_nobody(storage: Storage):
    task_id = put(storage)
    end(storage, take_one(storage))
    found = around(storage, task_id)
    assert (found.workers, found.holder, found.place, found.limit) == ((), None, None, None)
