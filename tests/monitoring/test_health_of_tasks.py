"""What check_health finds of tasks, and of what moves them."""

from __future__ import annotations

import pytest

from musterq import QueueDatabase, QueueMonitoring, TaskQueue
from musterq.cron import next_tick
from musterq.models import Claim, ClaimRequest, WorkerFacts
from musterq.records import Schedule
from tests.monitoring.healthy import found, severities
from tests.support import MovableClock

HOUR = 3600


def fail(queue: TaskQueue, type: str, times: int = 1, *, retry: bool = False) -> None:
    for _ in range(times):
        queue.enqueue(type)
        claim = take(queue, type)
        run(queue)
        assert queue.fail(claim, "no such file", retry=retry)


def complete(queue: TaskQueue, type: str, times: int = 1) -> None:
    for _ in range(times):
        queue.enqueue(type)
        assert queue.complete(take(queue, type))


def run(queue: TaskQueue) -> None:
    """An attempt takes a moment."""
    assert isinstance(queue.database.clock, MovableClock)
    queue.database.clock.advance(0.001)


def take(queue: TaskQueue, type: str) -> Claim:
    (claim,) = queue.claim("worker-01", types=[type])
    return claim


# -- how long they wait ------------------------------------------------------------------------------
def test_the_oldest_queued_task_of_a_type(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """A warning from five minutes on, critical from half an hour on, each type by itself."""
    since = clock.text()
    queue.enqueue("big thumbnail")
    clock.advance(299)
    queue.enqueue("mail")
    assert found(monitoring, "oldest") == []
    clock.advance(1)
    (finding,) = found(monitoring, "oldest")
    assert (finding["severity"], finding["subject"], finding["since_utc"]) == ("warning", "big thumbnail", since)
    assert "has waited for 5 minutes" in finding["what"]
    assert "musterq tasks --type 'big thumbnail' --status queued" in finding["advice"]
    clock.advance(1500)
    assert severities(monitoring, "oldest") == ["critical", "warning"]
    assert severities(monitoring, "oldest", oldest=7200) == []
    assert severities(monitoring, "oldest", oldest=(None, 1000)) == ["critical", "critical"]


def test_a_paused_type_that_tasks_wait_of(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """It is told as paused, and not as old; a pause without waiting work is nobody's concern."""
    queue.pause("mail")
    assert found(monitoring, "paused") == []
    queue.enqueue("mail")
    clock.advance(HOUR)
    (finding,) = found(monitoring, "paused")
    assert (finding["severity"], finding["subject"]) == ("warning", "mail")
    assert finding["what"] == "type mail is paused, with 1 task of it queued"
    assert "musterq resume mail" in finding["advice"]
    assert found(monitoring, "oldest") == []


def test_a_scheduled_task_that_nobody_queues(
    monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock
) -> None:
    """From a minute on: whoever works promotes within a second."""
    queue.enqueue("mail", delay=100)
    clock.advance(159)
    assert found(monitoring, "overdue") == []
    clock.advance(1)
    (finding,) = found(monitoring, "overdue")
    assert finding["severity"] == "warning"
    assert finding["since_utc"] == clock.text(-60)
    clock.advance(540)
    assert severities(monitoring, "overdue") == ["critical"]


def test_a_schedule_that_nobody_ticks(
    monitoring: QueueMonitoring, database: QueueDatabase, queue: TaskQueue, clock: MovableClock
) -> None:
    """Unless it is paused."""
    due = next_tick("every 60", "UTC", clock.now())
    schedule = Schedule(
        name="each minute",
        type="mail",
        timing="every 60",
        timezone="UTC",
        catch_up="latest",
        task='{"type":"mail","payload":"{}"}',
        next_at=due,
    )
    database.storage.save_schedule(schedule)
    clock.advance((due - clock.now()).total_seconds() + 59)
    assert found(monitoring, "schedule") == []
    clock.advance(1)
    (finding,) = found(monitoring, "schedule")
    assert (finding["severity"], finding["subject"]) == ("warning", "each minute")
    assert finding["since_utc"] == clock.text(-60)
    assert "musterq schedules --remove 'each minute'" in finding["advice"]
    queue.pause_schedule("each minute")
    assert found(monitoring, "schedule") == []


# -- how they end ------------------------------------------------------------------------------------
def test_the_failure_rate_of_the_last_hour(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """Where enough have ended, with the types that failed most; what is older does not count."""
    complete(queue, "mail", 15)
    fail(queue, "mail", 1)
    fail(queue, "thumbnail", 3)
    assert found(monitoring, "failure_rate") == []
    complete(queue, "mail")
    (finding,) = found(monitoring, "failure_rate")
    assert finding["severity"] == "warning"
    assert finding["what"] == "20% of the 20 tasks of the last hour failed: 3 thumbnail, 1 mail"
    assert severities(monitoring, "failure_rate", failure_rate=(0.05, 0.1)) == ["critical"]
    assert severities(monitoring, "failure_rate", failure_rate=0.3) == []
    assert severities(monitoring, "failure_rate", least_finished=21) == []
    clock.advance(HOUR + 300)
    assert found(monitoring, "failure_rate") == []


def test_a_queue_without_failures_has_no_failure_rate(monitoring: QueueMonitoring, queue: TaskQueue) -> None:
    """Whatever the threshold is."""
    complete(queue, "mail", 2)
    assert found(monitoring, "failure_rate", failure_rate=0, least_finished=1) == []


def test_a_type_whose_last_attempts_all_failed(
    monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock
) -> None:
    """By its name: attempts that are tried again count, a success ends it, other types do not matter."""
    complete(queue, "thumbnail")
    clock.advance(300)
    complete(queue, "mail", 3)
    fail(queue, "thumbnail", 2)
    fail(queue, "thumbnail", 2, retry=True)
    assert found(monitoring, "failing") == []
    fail(queue, "thumbnail")
    (finding,) = found(monitoring, "failing")
    assert (finding["severity"], finding["subject"]) == ("warning", "thumbnail")
    assert finding["what"] == "type thumbnail is failing: the last 5 attempts of it failed"
    assert "musterq tasks --type thumbnail" in finding["advice"]
    assert "musterq pause thumbnail" in finding["advice"]
    assert severities(monitoring, "failing", failing=(1, 5)) == ["critical"]
    clock.advance(300)
    complete(queue, "thumbnail")
    assert found(monitoring, "failing", failing=1) == []


def test_the_queue_grows(
    monitoring: QueueMonitoring, database: QueueDatabase, queue: TaskQueue, clock: MovableClock
) -> None:
    """Against what somebody saw an hour ago; where nobody looked, nothing is known."""
    queue.enqueue_many([{"type": "mail"}] * 10)
    database.storage.keep_history()
    clock.advance(HOUR)
    queue.enqueue_many([{"type": "mail"}] * 9)
    assert found(monitoring, "growth", least_queued=10) == []
    queue.enqueue("mail")
    (finding,) = found(monitoring, "growth", least_queued=10)
    assert finding["severity"] == "warning"
    assert finding["what"] == "the queue grows: 20 tasks queued now, and 10 an hour ago"
    assert severities(monitoring, "growth", least_queued=10, growth=(1, 2)) == ["critical"]
    assert severities(monitoring, "growth", least_queued=10, growth=None) == []
    assert severities(monitoring, "growth") == []
    clock.advance(HOUR)
    assert found(monitoring, "growth", least_queued=10) == []


def test_what_was_rescued_and_refused(monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock) -> None:
    """Warnings for an hour, which lead to the ledger."""
    queue.enqueue("mail")
    claim = take(queue, "mail")
    monitoring.remove_worker("worker-01")
    assert not queue.complete(claim)
    for check in ("rescued", "refused"):
        (finding,) = found(monitoring, check)
        assert finding["severity"] == "warning"
        assert finding["what"].startswith("1 time in the last hour a task was ")
        assert finding["what"].endswith(": 1 mail")
        assert "musterq ledger" in finding["advice"]
    assert severities(monitoring, "rescued", rescued=(1, 1)) == ["critical"]
    assert severities(monitoring, "rescued", rescued=2) == []
    clock.advance(HOUR + 300)
    assert found(monitoring, "rescued") == found(monitoring, "refused") == []


def test_what_crashed(monitoring: QueueMonitoring, database: QueueDatabase, queue: TaskQueue) -> None:
    """A process that died while it ran a task."""
    lock = database.storage.liveness_lock("worker-01")
    database.storage.register("worker-01", "{}", WorkerFacts(host="host-1", pid=4711))
    queue.enqueue("mail")
    (claim,) = database.storage.claim(ClaimRequest(worker_id="worker-01", lease_seconds=None))
    lock.begin(0, claim.claim_token)
    run(queue)
    lock.release(forgotten=False)
    database.storage.rescue_expired()
    (finding,) = found(monitoring, "crashed")
    assert finding["severity"] == "warning"
    assert finding["what"] == "1 time in the last hour a task was running when its process died: 1 mail"


def test_many_types_are_named_a_few(monitoring: QueueMonitoring, queue: TaskQueue) -> None:
    """Those that count most, and the rest together."""
    for n, type in enumerate("abcde", start=1):
        fail(queue, type, n)
    (finding,) = found(monitoring, "failure_rate", least_finished=1)
    assert finding["what"] == "100% of the 15 tasks of the last hour failed: 5 e, 4 d, 3 c, 3 of others"


# -- thresholds --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"age": 1}, TypeError, "there is no threshold 'age'; give some of: no_worker, "),
        ({"oldest": "soon"}, ValueError, "oldest='soon' is no threshold; give WARNING, WARNING:CRITICAL"),
        ({"oldest": ":"}, ValueError, "oldest=':' is no threshold"),
        ({"oldest": "5:1"}, ValueError, "what is critical is to be more than the warning"),
        ({"free_mib": (1, 5)}, ValueError, "what is critical is to be less than the warning"),
        ({"oldest": (1, 2, 3)}, ValueError, "is no pair"),
        ({"oldest": -1}, ValueError, "out of range"),
        ({"oldest": True}, TypeError, "give a number"),
        ({"failure_rate": 20}, ValueError, "out of range; give 0 to 1"),
        ({"least_finished": "many"}, TypeError, "is no whole number"),
        ({"least_finished": 1.5}, TypeError, "is no whole number"),
        ({"ignore": ["oldest", "no"]}, ValueError, "ignore='no' is no check; give some of: no_worker, missing"),
        ({"ignore": 1}, TypeError, "is no list of checks"),
    ],
)
def test_what_cannot_be_is_refused(
    monitoring: QueueMonitoring, options: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match="(?s)" + words.replace("(", "\\(")):
        monitoring.check_health(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (60, "warning"),
        ("60", "warning"),
        ("60:", "warning"),
        ("30:60", "critical"),
        (":60", "critical"),
        ([30, 60], "critical"),
        ((60, None), "warning"),
        ((61, 62), None),
        ("off", None),
        (None, None),
        (False, None),
    ],
)
def test_a_threshold_in_all_its_forms(
    monitoring: QueueMonitoring, queue: TaskQueue, clock: MovableClock, given: object, wanted: str | None
) -> None:
    """As one writes it in Python, on a command line and in a file."""
    queue.enqueue("mail")
    clock.advance(60)
    assert severities(monitoring, "oldest", oldest=given) == [wanted] * bool(wanted)
