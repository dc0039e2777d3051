"""Looking for tasks, page by page."""

from typing import Any

import pytest

from musterq.queue.task_queue import TaskQueue


def test_tasks_are_found_newest_first(queue: TaskQueue):
    """All of them, or those of a status and a type."""
    ids = [queue.enqueue(type_).id for type_ in ("a", "b", "a")]
    queue.cancel(ids[2])
    assert [task.id for task in queue.find()] == ids[::-1]
    assert [task.id for task in queue.find(type="a")] == [ids[2], ids[0]]
    assert [task.id for task in queue.find(status="queued", type="a")] == [ids[0]]
    assert [task.id for task in queue.find(status="cancelled")] == [ids[2]]


def test_a_page_leads_to_the_next_one(queue: TaskQueue):
    """Its cursor is what to pass as ``after``; the last page has none."""
    ids = [queue.enqueue("a").id for _ in range(4)]
    first = queue.find(limit=2)
    second = queue.find(limit=2, after=first.cursor)
    assert [task.id for task in first + second] == ids[::-1]
    assert first.cursor is not None
    assert second.cursor is None


def test_tasks_that_come_in_between_move_no_page(queue: TaskQueue):
    """A cursor is a place in the list, not a number of rows."""
    ids = [queue.enqueue("a").id for _ in range(4)]
    first = queue.find(limit=2)
    queue.enqueue("a")
    assert [task.id for task in queue.find(limit=2, after=first.cursor)] == ids[1::-1]


@pytest.mark.parametrize("cursor", ["", "2", "before-0", "before-x", "before-1 OR 1=1"])
def test_what_is_no_cursor_is_refused(queue: TaskQueue, cursor: str):
    """The message says where to get one."""
    with pytest.raises(ValueError, match=r"no cursor; give the \.cursor of the page before"):
        queue.find(after=cursor)


@pytest.mark.parametrize("mistake", [{"status": "done"}, {"limit": 0}, {"limit": 10_001}, {"type": ""}], ids=repr)
def test_what_cannot_be_found_is_refused(queue: TaskQueue, mistake: dict[str, Any]):
    """Unknown words are no empty pages."""
    with pytest.raises(ValueError, match=next(iter(mistake))):
        queue.find(**mistake)
