"""What should be in the queue is looked for, and what is there instead is shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from musterq import AsyncTaskQueue, TaskQueue, TaskStatus
from musterq.testing import assert_enqueued, assert_not_enqueued, enqueued


@pytest.fixture
def three(queue: TaskQueue, shop: SimpleNamespace) -> list[int]:
    """Two mails and a report."""
    return [
        shop.mail.options(priority=5).enqueue("ann").id,
        shop.mail.enqueue("bob").id,
        queue.enqueue("report", {"month": 11, "of": {"year": 2030, "by": "eve"}}).id,
    ]


def test_tasks_are_listed_in_the_order_in_which_they_came(queue: TaskQueue, shop: SimpleNamespace, three: list[int]):
    """All, or those of a type, whatever has become of them."""
    assert [task.id for task in enqueued(queue)] == three
    assert [task.id for task in enqueued(queue, "mail")] == three[:2]
    assert [task.id for task in enqueued(queue, shop.mail)] == three[:2]
    queue.drain()
    assert [task.status for task in enqueued(queue, shop.mail)] == ["completed", "completed"]


def test_more_than_a_page_of_tasks_are_listed(queue: TaskQueue):
    """All of them."""
    queue.enqueue_many([{"type": "many"} for _ in range(2001)])
    assert len(enqueued(queue)) == 2001


@pytest.mark.parametrize(
    ("asked", "columns", "places"),
    [
        ((), {}, [0, 1, 2]),
        (("mail",), {}, [0, 1]),
        (("mail", {"to": "bob"}), {}, [1]),
        (("mail", {}), {}, [0, 1]),
        (("mail",), {"priority": 5}, [0]),
        (("report", {"month": 11}), {"status": TaskStatus.QUEUED}, [2]),
        (("report", {"of": {"year": 2030}}), {"status": "queued", "max_attempts": 5}, [2]),
    ],
)
def test_tasks_that_are_there_are_returned(
    queue: TaskQueue, three: list[int], asked: tuple[Any, ...], columns: dict[str, Any], places: list[int]
):
    """Of a payload only what is named must be so, at any depth."""
    found = assert_enqueued(queue, *asked, **columns)
    assert [task.id for task in found] == [three[place] for place in places]
    assert assert_enqueued(queue, *asked, count=len(places), **columns) == found
    with pytest.raises(AssertionError, match="exactly 0"):
        assert_not_enqueued(queue, *asked, **columns)


@pytest.mark.parametrize(
    ("what", "payload", "columns"),
    [
        ("letter", None, {}),
        ("mail", {"to": "eve"}, {}),
        ("mail", {"to": "ann", "cc": "bob"}, {}),
        ("mail", "ann", {}),
        ("mail", {"to": "ann"}, {"priority": 6}),
        ("mail", None, {"status": "completed"}),
        ("report", {"of": {"year": 2031}}, {}),
    ],
)
def test_tasks_that_are_not_there_are_missed(
    queue: TaskQueue, three: list[int], what: Any, payload: Any, columns: dict[str, Any]
):
    """And rightly not enqueued."""
    assert_not_enqueued(queue, what, payload, **columns)
    with pytest.raises(AssertionError, match="at least one task expected"):
        assert_enqueued(queue, what, payload, **columns)


def test_the_message_shows_what_is_there(queue: TaskQueue, three: list[int]):
    """So that a typing error is seen at a glance."""
    with pytest.raises(AssertionError) as caught:
        assert_enqueued(queue, "mail", {"to": "eve"}, status="queued")
    asked, *lines = str(caught.value).splitlines()
    assert asked.startswith('at least one task expected of type \'mail\' with payload {"to": "eve"}, status=')
    assert asked.endswith("found 0; there are:")
    assert lines == [
        f'  task {three[0]} mail queued priority=5 payload={{"to":"ann"}}',
        f'  task {three[1]} mail queued priority=100 payload={{"to":"bob"}}',
    ]


def test_a_long_list_is_cut(queue: TaskQueue):
    """Ten are enough."""
    queue.enqueue_many([{"type": "many"} for _ in range(15)])
    with pytest.raises(AssertionError, match=r"exactly 3 expected of type 'many', found 15; (?s:.)*  and 5 more$"):
        assert_enqueued(queue, "many", count=3)


def test_an_empty_queue_is_said_to_be(queue: TaskQueue):
    """As is one without tasks of the type."""
    with pytest.raises(AssertionError, match="the queue is empty"):
        assert_enqueued(queue)
    with pytest.raises(AssertionError, match="there is none of this type"):
        assert_enqueued(queue, "mail")


def test_a_payload_that_is_no_json_is_compared_as_text(queue: TaskQueue):
    """Plain SQL may put one in."""
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{to')")
    assert_enqueued(queue, "mail", "{to")


def test_a_queue_for_coroutines_is_looked_at_as_well(queue: TaskQueue, three: list[int]):
    """With its own definitions."""
    aqueue = AsyncTaskQueue(queue)
    other = aqueue.task(type="other")(lambda: None)
    queue.enqueue("other")
    assert len(assert_enqueued(aqueue, other, {})) == 1


@pytest.mark.parametrize(("arguments", "columns"), [((print,), {}), ((7,), {}), (("mail",), {"colour": "red"})])
def test_what_cannot_be_asked_for_is_refused(queue: TaskQueue, arguments: tuple[Any, ...], columns: dict[str, Any]):
    """Rather than never found."""
    with pytest.raises(TypeError, match=r"give its name|a task has no colour"):
        assert_enqueued(queue, *arguments, **columns)
