"""What check_health and check_worker find of workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from musterq import QueueDatabase, QueueMonitoring, TaskQueue
from musterq.models import WorkerFacts
from musterq.records import Pulse
from musterq.storage.base import LivenessLock
from tests.monitoring.healthy import found, severities
from tests.support import MovableClock


@pytest.fixture
def lock(database: QueueDatabase) -> Iterator[LivenessLock]:
    """A worker process that beats every 10 seconds."""
    lock = database.storage.liveness_lock("worker 01")
    database.storage.register("worker 01", "{}", WorkerFacts(host="host-1", pid=4711, beat_seconds=10.0))
    yield lock
    lock.release()


def beat(database: QueueDatabase, state: str, reason: str = "because of that") -> None:
    pulse = Pulse(state=state, reason=reason, since=database.clock.time())
    assert database.storage.heartbeat("worker 01", pulse)


def test_an_empty_queue_is_well(monitoring: QueueMonitoring) -> None:
    assert monitoring.check_health() == []


@pytest.mark.parametrize("state", ["starting", "idle", "busy", "draining"])
def test_a_worker_at_work_or_on_its_way_is_well(
    monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock, state: str
) -> None:
    beat(database, state)
    assert monitoring.check_health() == []


def test_a_lost_worker(
    monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock, clock: MovableClock
) -> None:
    """Critical, with who it was, since when, and the command that takes it off the roll."""
    beat(database, "idle")
    since = clock.text()
    clock.advance(5)
    lock.release(forgotten=False)
    (finding,) = found(monitoring, "lost")
    assert finding == {
        "severity": "critical",
        "check": "lost",
        "subject": "worker 01",
        "what": "worker worker 01 (process 4711 on host-1) is lost: its process is dead: its liveness lock is free",
        "since_utc": since,
        "advice": "start it again; if it is not to come back: musterq workers --remove 'worker 01'",
    }
    clock.advance(400)
    assert [finding["check"] for finding in monitoring.check_health()] == ["lost"]


def test_a_wedged_worker(monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock) -> None:
    """Critical, with the reason that it tells itself."""
    beat(database, "wedged", "its claim loop has not moved for 4 beats")
    (finding,) = found(monitoring, "wedged")
    assert finding["severity"] == "critical"
    assert finding["what"].endswith("is wedged: its claim loop has not moved for 4 beats")
    assert "kill -KILL 4711" in finding["advice"]


def test_a_suspended_worker(monitoring: QueueMonitoring, lock: LivenessLock, clock: MovableClock) -> None:
    """Critical, once, however long it lasts."""
    clock.advance(31)
    (finding,) = found(monitoring, "suspended")
    assert finding["severity"] == "critical"
    assert "kill -CONT 4711" in finding["advice"]
    clock.advance(400)
    assert [finding["check"] for finding in monitoring.check_health()] == ["suspended"]


def test_a_worker_by_api_is_late_and_then_stale(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Warnings: nobody can know whether it is dead."""
    monitoring.register_worker("by-api")
    clock.advance(60)
    assert monitoring.check_health() == []
    clock.advance(1)
    assert severities(monitoring, "late") == ["warning"]
    assert found(monitoring, "stale") == []
    clock.advance(239)
    (finding,) = found(monitoring, "stale")
    assert finding["severity"] == "warning"
    assert finding["advice"].endswith("musterq workers --remove by-api")
    assert found(monitoring, "late") == []


def test_when_a_worker_is_stale_can_be_said(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Also when that is critical; one that is not stale yet is late."""
    monitoring.register_worker("by-api")
    clock.advance(400)
    assert severities(monitoring, "stale", stale=(100, 400)) == ["critical"]
    assert severities(monitoring, "stale", stale=500) == []
    assert severities(monitoring, "late", stale=500) == ["warning"]
    assert severities(monitoring, "stale", stale=None) == []
    clock.advance(-390)
    (finding,) = found(monitoring, "stale", stale=10)
    assert finding["severity"] == "warning"
    assert finding["what"] == "worker by-api is stale: no beat for 10 s"


def test_tasks_wait_and_no_worker_takes_any(
    monitoring: QueueMonitoring, database: QueueDatabase, queue: TaskQueue, lock: LivenessLock, clock: MovableClock
) -> None:
    """None is there, or what is there takes none; a worker that is there, or a pause, ends it."""
    beat(database, "idle")
    queue.enqueue("mail")
    clock.advance(60)
    beat(database, "idle")
    assert found(monitoring, "no_worker") == []
    beat(database, "draining")
    (finding,) = found(monitoring, "no_worker")
    assert finding["severity"] == "critical"
    assert finding["what"] == "1 task queued, and no worker takes tasks (1 draining)"
    assert finding["since_utc"] == clock.text()
    monitoring.remove_worker("worker 01")
    (finding,) = found(monitoring, "no_worker")
    assert "none is on the roll" in finding["what"]
    assert finding["since_utc"] is None
    queue.pause("mail")
    assert found(monitoring, "no_worker") == []


def test_a_worker_may_take_a_moment_to_come(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """A supervisor starts one for the first task of an idle queue, or anew: a warning from ten seconds on."""
    queue.enqueue("mail")
    assert monitoring.check_health() == []
    clock.advance(10)
    assert severities(monitoring, "no_worker") == ["warning"]
    clock.advance(50)
    assert severities(monitoring, "no_worker") == ["critical"]
    assert severities(monitoring, "no_worker", no_worker=(None, 300)) == []
    queue.enqueue("report")
    queue.pause("mail")
    assert severities(monitoring, "no_worker") == []


def test_the_worst_comes_first(
    monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock, clock: MovableClock
) -> None:
    monitoring.register_worker("by-api")
    clock.advance(65)
    beat(database, "wedged")
    assert [(f["severity"], f["check"]) for f in monitoring.check_health()] == [
        ("critical", "wedged"),
        ("warning", "late"),
    ]


def test_what_is_not_to_be_looked_at_can_be_said(
    monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock
) -> None:
    beat(database, "wedged")
    assert monitoring.check_health(ignore=["wedged", "paused"]) == []
    assert monitoring.check_health(ignore="wedged,paused") == []


# -- one worker --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "severity"),
    [("starting", None), ("idle", None), ("busy", None), ("draining", "warning"), ("wedged", "critical")],
)
def test_one_worker_as_it_says(
    monitoring: QueueMonitoring, database: QueueDatabase, lock: LivenessLock, state: str, severity: str | None
) -> None:
    """One that is to end counts for who asks about it alone."""
    beat(database, state)
    assert [finding["severity"] for finding in monitoring.check_worker("worker 01")] == [severity] * bool(severity)


def test_one_worker_that_is_lost_suspended_or_silent(
    monitoring: QueueMonitoring, lock: LivenessLock, clock: MovableClock
) -> None:
    monitoring.register_worker("by-api")
    clock.advance(61)

    def judged(worker_id: str) -> tuple[str, str]:
        (finding,) = monitoring.check_worker(worker_id)
        assert finding["subject"] == worker_id
        return finding["check"], finding["severity"]

    assert judged("worker 01") == ("suspended", "critical")
    assert judged("by-api") == ("late", "warning")
    clock.advance(300)
    assert judged("by-api") == ("stale", "critical")
    lock.release(forgotten=False)
    assert judged("worker 01") == ("lost", "critical")


def test_one_worker_that_nobody_knows(monitoring: QueueMonitoring) -> None:
    """Critical, since a probe asks for it; an id that cannot be is refused."""
    (finding,) = monitoring.check_worker("worker-02")
    assert (finding["check"], finding["severity"], finding["subject"]) == ("unknown", "critical", "worker-02")
    with pytest.raises(ValueError, match="worker_id"):
        monitoring.check_worker("")
