"""Why a task that waits is not running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from musterq.clock import text_to_datetime
from musterq.database import QueueDatabase
from musterq.models import Crash, TaskStatus, WorkerFacts
from musterq.monitoring import QueueMonitoring
from musterq.records import Pulse, TypeLimit
from musterq.storage.base import LivenessLock, Storage
from tests.monitoring.explaining import chain, end, explained, put, reason, reasons, take
from tests.support import MovableClock

FACTS = WorkerFacts(host="host-1", pid=4711, concurrency=1, types=("mail",))


@pytest.fixture
def storage(database: QueueDatabase) -> Storage:
    return database.storage


@pytest.fixture
def worker(monitoring: QueueMonitoring) -> str:
    """A worker that takes everything, registered by API."""
    monitoring.register_worker("worker-01", {"cpu": 8})
    return "worker-01"


@pytest.fixture
def process(storage: Storage) -> Iterator[LivenessLock]:
    """A worker process that runs one mail at a time."""
    lock = storage.liveness_lock("process-01")
    storage.register("process-01", "{}", FACTS)
    storage.heartbeat("process-01", Pulse(state="idle", reason="it holds no task", since=storage.clock.time()))
    yield lock
    lock.release()


# -- scheduled -------------------------------------------------------------------------------------
def test_it_is_due_later(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str) -> None:
    """At which moment, and in how long."""
    task_id = put(storage, run_after=text_to_datetime(clock.text(7200)))
    found = reason(monitoring, task_id, "scheduled")
    assert (found["due_utc"], found["seconds"]) == (clock.text(7200), 7200.0)
    assert found["text"] == f"it is due at {clock.text(7200)[:19]} UTC, in 2 hours"


def test_it_is_due_and_nobody_has_looked(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str
) -> None:
    """It becomes queued by the next claim, or by any worker."""
    task_id = put(storage, run_after=text_to_datetime(clock.text(5)))
    clock.advance(8)
    assert reasons(monitoring, task_id) == ["due"]
    assert "(3 s)" in reason(monitoring, task_id, "due")["text"]


def test_it_is_tried_again_later(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str
) -> None:
    """When, and after which error on whom."""
    task_id = put(storage, max_attempts=3)
    end(storage, take(storage), TaskStatus.SCHEDULED, error="ConnectionError: refused", retry_in_seconds=8)
    found = reason(monitoring, task_id, "retry")
    assert (found["due_utc"], found["seconds"], found["attempt"], found["max_attempts"]) == (clock.text(8), 8.0, 1, 3)
    assert found["error"] == "ConnectionError: refused"
    assert found["text"].startswith("attempt 1 of 3 failed on worker-01 (ConnectionError: refused), and it is tried")
    assert found["text"].endswith("in 8 s")


def test_a_delay_after_a_retry_by_hand_is_no_retry_of_an_error(
    monitoring: QueueMonitoring, storage: Storage, worker: str
) -> None:
    """Its attempts count anew."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.FAILED, error="no")
    storage.retry(task_id, delay_seconds=60)
    assert reasons(monitoring, task_id) == ["scheduled"]


def test_it_waits_for_parts(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """Which, and at which the chain stands."""
    first, second, last = chain(storage, "fetch", "count", "sum")
    take(storage)
    found = reason(monitoring, last, "awaits")
    assert found["awaits"] == 1
    assert found["tasks"] == [{"id": second, "type": "count", "status": "scheduled", "worker_id": None}]
    assert found["begins_with"] == {"id": first, "type": "fetch", "status": "processing", "worker_id": "worker-01"}
    assert found["text"] == (
        f"it waits for 1 task that is not completed: {second} (count), which is scheduled;"
        f" what has to end first is {first} (fetch) on worker-01"
    )
    assert reason(monitoring, second, "awaits")["begins_with"] is None


def test_what_hinders_it_later_is_said_now(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock) -> None:
    """After when it is due: so nobody finds out one by one."""
    task_id = put(storage, run_after=text_to_datetime(clock.text(60)))
    storage.pause("mail")
    assert reasons(monitoring, task_id) == ["scheduled", "paused", "no_workers"]


# -- queued: what no worker changes ----------------------------------------------------------------
def test_it_has_expired(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str) -> None:
    """And nobody has failed it yet."""
    task_id = put(storage, expires_at=text_to_datetime(clock.text(5)))
    assert "expired" not in reasons(monitoring, task_id)
    clock.advance(5)
    assert reason(monitoring, task_id, "expired")["expires_at_utc"] == clock.text()
    assert reasons(monitoring, task_id)[0] == "expired"


def test_its_payload_is_broken(monitoring: QueueMonitoring, database: QueueDatabase, worker: str) -> None:
    """Plain SQL can put in anything."""
    task_id = database.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{broken')").lastrowid
    assert reasons(monitoring, task_id) == ["broken_payload"]


@pytest.mark.parametrize("asked", ["[1", "[]", '{"cpu": {"more": 1}}'])
def test_nobody_can_know_what_it_asks(
    monitoring: QueueMonitoring, database: QueueDatabase, worker: str, asked: str
) -> None:
    """So no worker may take it."""
    insert = "INSERT INTO task_queue (type, payload, compatibility) VALUES ('mail', '{}', ?)"
    task_id = database.execute(insert, (asked,)).lastrowid
    assert reasons(monitoring, task_id) == ["unreadable_compatibility"]
    assert "compatibility" in explained(monitoring, task_id)["summary"]


def test_its_type_is_paused(monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str) -> None:
    """Since when, and how to end that."""
    task_id = put(storage, type="big mail")
    storage.pause("big mail")
    clock.advance(192)
    found = reason(monitoring, task_id, "paused")
    assert (found["since_utc"], found["seconds"]) == (clock.text(-192), 192.0)
    assert "(3 minutes 12 seconds)" in found["text"]
    assert found["text"].endswith("musterq resume 'big mail'")


# -- queued: workers -------------------------------------------------------------------------------
def test_there_is_no_worker(monitoring: QueueMonitoring, storage: Storage) -> None:
    """How to start one."""
    task_id = put(storage)
    assert reason(monitoring, task_id, "no_workers")["text"].endswith("musterq worker MODULE:QUEUE")


def test_all_workers_are_gone(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, process: LivenessLock, worker: str
) -> None:
    """One is dead, the other has been silent for long."""
    task_id = put(storage)
    process.release(forgotten=False)
    clock.advance(400)
    assert reasons(monitoring, task_id) == ["no_workers"]


def test_no_worker_handles_its_type(monitoring: QueueMonitoring, storage: Storage, process: LivenessLock) -> None:
    """Although one lives."""
    task_id = put(storage, type="video")
    assert reasons(monitoring, task_id) == ["no_worker_of_type"]
    assert 'no worker handles type "video"' in explained(monitoring, task_id)["summary"]


def test_no_worker_can_do_what_it_asks(monitoring: QueueMonitoring, storage: Storage) -> None:
    """The nearest miss, in words and as facts."""
    for worker_id in ("a", "b", "c"):
        monitoring.register_worker(worker_id, {"cpu": 8})
    task_id = put(storage, compatibility='{"gpu": true}')
    found = reason(monitoring, task_id, "no_capable_worker")
    assert found["text"] == "no worker can do what it asks: 3 workers lack gpu"
    assert found["misses"] == [{"workers": 3, "lacks": {"gpu": True}, "has": {}}]


def test_who_could_take_it_takes_nothing(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, process: LivenessLock
) -> None:
    """It is stuck."""
    task_id = put(storage)
    storage.heartbeat("process-01", Pulse(state="wedged", reason="stuck", since=clock.time()))
    assert reasons(monitoring, task_id) == ["workers_take_nothing"]
    assert "wedged" in explained(monitoring, task_id)["summary"]


def test_who_can_take_it_has_no_place_free(
    monitoring: QueueMonitoring, storage: Storage, process: LivenessLock
) -> None:
    """Who, with how much of how much."""
    for _ in range(2):
        task_id = put(storage)
    take(storage, "process-01", lease_seconds=None)
    assert reasons(monitoring, task_id) == ["workers_busy"]
    found = reason(monitoring, task_id, "workers_busy")
    assert found["text"] == "the one worker that can take it has no place free: process-01 holds 1 of 1"
    assert found["workers"] == [
        {"worker_id": "process-01", "status": "busy", "tasks_in_flight": 1, "concurrency": 1},
    ]


# -- queued: limits --------------------------------------------------------------------------------
def test_the_places_of_its_type_are_taken(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """By whom."""
    storage.set_limit("mail", TypeLimit(max_running=1))
    holder, task_id = put(storage), put(storage)
    take(storage)
    found = reason(monitoring, task_id, "limit")
    assert (found["max_running"], found["running"]) == (1, 1)
    assert found["holders"] == [{"id": holder, "type": "mail", "status": "processing", "worker_id": "worker-01"}]
    assert found["text"].endswith(f"at most 1 may run at once, and 1 is running: task {holder} (mail) on worker-01")


def test_a_limit_that_has_room_is_no_reason(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """Neither places nor tokens."""
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=60.0))
    assert reasons(monitoring, put(storage)) == ["ready"]


def test_the_rate_of_its_type_is_used_up(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, worker: str
) -> None:
    """When the next one may start."""
    storage.set_limit("mail", TypeLimit(rate_count=1, rate_seconds=60.0))
    put(storage)
    task_id = put(storage)
    take(storage)
    clock.advance(20)
    found = reason(monitoring, task_id, "rate")
    assert (found["rate"], found["seconds"]) == ("1/m", 40.0)
    assert found["text"].endswith("the next one may in 40 seconds")
    assert reasons(monitoring, task_id) == ["rate"]


def test_the_place_of_its_key_is_taken(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """By whom, and who gets it first."""
    holder, _, task_id = (put(storage, concurrency_key="user:7") for _ in range(3))
    take(storage)
    found = reason(monitoring, task_id, "concurrency_key")
    assert (found["concurrency_key"], found["places"], found["before"], found["before_is_exact"]) == (
        "user:7",
        1,
        1,
        True,
    )
    assert found["holders"] == [{"id": holder, "type": "mail", "status": "processing", "worker_id": "worker-01"}]
    assert found["text"] == (
        f"the one place of its concurrency key user:7 is taken by task {holder} (mail) on worker-01;"
        " 1 held task is before it"
    )


def test_of_many_holders_the_first_are_named(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """The facts have more of them."""
    for _ in range(7):
        task_id = put(storage, concurrency_key="user:7", concurrency_limit=6)
    found = reason(monitoring, task_id, "concurrency_key")
    assert found["text"].startswith("all 6 places of its concurrency key user:7 are taken by task 1 (mail)")
    assert found["text"].endswith("and others")
    assert len(found["holders"]) == 6


# -- queued: its turn ------------------------------------------------------------------------------
def test_others_of_its_lane_are_before_it(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """By priority, and how it would be by age."""
    for priority in (1, 1, 100, 500):
        put(storage, priority=priority)
    task_id = put(storage)
    put(storage, priority=1)
    found = reason(monitoring, task_id, "lane")
    assert (found["before"], found["before_by_age"], found["waiting"]) == (4, 4, 6)
    assert found["text"] == (
        "4 tasks of its lane are before it by priority (4 tasks for a worker that goes by age), of 6 that wait there"
    )


def test_nothing_keeps_it(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """It is next."""
    assert reasons(monitoring, put(storage)) == ["ready"]


def test_it_is_a_suspect(monitoring: QueueMonitoring, storage: Storage, worker: str) -> None:
    """Which is no hindrance."""
    task_id = put(storage)
    end(storage, take(storage), TaskStatus.QUEUED, error="killed", crash=Crash(signal=9))
    assert reasons(monitoring, task_id) == ["ready", "suspect"]
    assert reason(monitoring, task_id, "suspect")["crashes"] == 1


def test_everything_at_once(
    monitoring: QueueMonitoring, storage: Storage, clock: MovableClock, process: LivenessLock
) -> None:
    """What nobody but a person can end comes first, then what time or other tasks end."""
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=60.0))
    put(storage)
    put(storage, priority=1)
    task_id = put(storage)
    take(storage, "process-01", lease_seconds=None)
    storage.pause("mail")
    assert reasons(monitoring, task_id) == ["paused", "limit", "rate", "workers_busy", "lane"]
