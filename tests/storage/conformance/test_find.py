"""Listing tasks: newest first, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from musterq.models import TaskFilter, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, take_one
from tests.support import MovableClock


def found(storage: Storage, **which: object) -> list[int]:
    return [task.id for task in storage.find(TaskFilter(**which))]


def test_newest_first(storage: Storage):
    ids = [put(storage) for _ in range(5)]
    assert found(storage) == ids[::-1]


def test_nothing_is_found_where_nothing_is(storage: Storage):
    assert found(storage) == []
    put(storage)
    assert found(storage, type="other") == []
    assert found(storage, status=TaskStatus.FAILED) == []


def test_pages_meet_without_gap_or_overlap(storage: Storage):
    ids = [put(storage) for _ in range(10)]
    pages, cursor = [], None
    while page := found(storage, limit=3, before_id=cursor):
        pages.append(page)
        cursor = page[-1]
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [task_id for page in pages for task_id in page] == ids[::-1]


def test_pages_stay_in_place_while_tasks_come_in(storage: Storage):
    ids = [put(storage) for _ in range(4)]
    first = found(storage, limit=2)
    put(storage)
    assert found(storage, limit=2, before_id=first[-1]) == [ids[1], ids[0]]


def test_by_type_and_status(storage: Storage, clock: MovableClock):
    failed = put(storage, "mail")
    end(storage, take_one(storage), TaskStatus.FAILED)
    queued = put(storage, "mail")
    other = put(storage, "video")
    later = put(storage, "video", run_after=clock.now() + timedelta(hours=1))
    assert found(storage, type="mail") == [queued, failed]
    assert found(storage, status=TaskStatus.QUEUED) == [other, queued]
    assert found(storage, type="mail", status=TaskStatus.FAILED) == [failed]
    assert found(storage, status=TaskStatus.SCHEDULED) == [later]


@pytest.mark.parametrize("text", ["'; --", "%", "_", "*", "🦆"])
def test_a_type_is_compared_as_it_is(storage: Storage, text: str):
    """Nothing in it is a pattern."""
    put(storage, "mail")
    task_id = put(storage, text)
    assert found(storage, type=text) == [task_id]


def test_what_is_found_is_the_whole_task(storage: Storage):
    task_id = put(storage, payload='{"a": 1}')
    assert storage.find(TaskFilter()) == [storage.get(task_id)]


def test_a_task_that_is_not_there(storage: Storage):
    assert storage.get(1) is None


@pytest.mark.parametrize("wanted", [*TaskStatus])
def test_pages_of_one_status_are_whole_and_in_order(storage: Storage, wanted: TaskStatus):
    """Whichever way the engine takes to them: few among many, and by pages."""
    ids = {some: [put_as(storage, some) for _ in range(5)] for some in TaskStatus}
    first = storage.find(TaskFilter(status=wanted, limit=3))
    second = storage.find(TaskFilter(status=wanted, limit=3, before_id=first[-1].id))
    assert [task.id for task in first + second] == sorted(ids[wanted], reverse=True)


def put_as(storage: Storage, status: TaskStatus) -> int:
    """A task that plain SQL put in, in this status."""
    due = "datetime('now', '+1 day')" if status is TaskStatus.SCHEDULED else "datetime('now')"
    sql = f"INSERT INTO task_queue (type, payload, status, run_after_utc) VALUES ('mail', '{{}}', '{status}', {due})"
    return storage.execute(sql).lastrowid
