"""What get_ledger and get_ledger_totals say."""

from __future__ import annotations

import json

import pytest

from musterq.database import QueueDatabase
from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.monitoring import QueueMonitoring
from tests.support import MovableClock


@pytest.fixture
def late(database: QueueDatabase, clock: MovableClock) -> int:
    """A task that was taken from its worker, whose finish came too late."""
    storage = database.storage
    task_id = storage.enqueue([NewTask(type="mail", payload="{}")])[0].id
    (claim,) = storage.claim(ClaimRequest(worker_id="worker-01", lease_seconds=60))
    clock.advance(61)
    storage.rescue_expired()
    storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED)])
    return task_id


def test_entries_are_plain_dicts(monitoring: QueueMonitoring, clock: MovableClock, late: int) -> None:
    """Newest first, times as text."""
    refused, rescued = monitoring.get_ledger()
    assert json.loads(json.dumps([refused, rescued])) == [refused, rescued]
    assert (refused["event"], refused["reason"], refused["became"]) == ("refused", "not held", "completed")
    assert rescued == {
        "ledger_id": 1,
        "at_utc": clock.text(),
        "event": "rescued",
        "task_id": late,
        "type": "mail",
        "attempt": 1,
        "worker_id": "worker-01",
        "host": None,
        "pid": None,
        "reason": "lease over",
        "became": "queued",
        "last_heartbeat_utc": clock.text(-61),
        "lost_seconds": 61,
        "detail": None,
    }


def test_of_one_task_or_one_worker(monitoring: QueueMonitoring, late: int) -> None:
    """And as many as are wanted."""
    assert len(monitoring.get_ledger(1)) == 1
    assert len(monitoring.get_ledger(task_id=late)) == len(monitoring.get_ledger(worker_id="worker-01")) == 2
    assert monitoring.get_ledger(task_id=late + 1) == monitoring.get_ledger(worker_id="worker-02") == []


def test_a_page_goes_on_where_the_last_one_ended(monitoring: QueueMonitoring, late: int) -> None:
    """By the id of its last entry."""
    newest, older = monitoring.get_ledger()
    assert monitoring.get_ledger(before_id=newest["ledger_id"]) == [older]
    assert monitoring.get_ledger(before_id=older["ledger_id"]) == []


def test_totals_by_event_and_reason(monitoring: QueueMonitoring, late: int) -> None:
    """Of all that ever happened."""
    assert monitoring.get_ledger_totals() == {"rescued": {"lease over": 1}, "refused": {"not held": 1}}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": 0}, ValueError),
        ({"limit": 10_001}, ValueError),
        ({"limit": "1"}, TypeError),
        ({"task_id": 0}, ValueError),
        ({"task_id": "1"}, TypeError),
        ({"before_id": 0}, ValueError),
        ({"worker_id": ""}, ValueError),
        ({"worker_id": 1}, TypeError),
    ],
)
def test_what_cannot_be_asked(
    monitoring: QueueMonitoring, arguments: dict[str, object], error: type[Exception]
) -> None:
    """It is said before anything is read."""
    with pytest.raises(error, match=next(iter(arguments))):
        monitoring.get_ledger(**arguments)  # type: ignore[arg-type]
