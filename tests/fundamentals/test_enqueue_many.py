"""Many tasks in one transaction."""

from typing import Any

import pytest

from musterq.queue.task_queue import TaskQueue


def test_many_tasks_are_written_together(queue: TaskQueue):
    """Each item is a dict of ``enqueue``'s arguments; the handles come in the same order."""
    handles = queue.enqueue_many(
        [{"type": "thumbnail", "payload": {"path": f"{n}.png"}, "priority": n} for n in range(1, 4)]
        + [{"type": "sweep"}]
    )
    tasks = [handle.get() for handle in handles]
    assert [(task.type, task.priority) for task in tasks] == [
        ("thumbnail", 1),
        ("thumbnail", 2),
        ("thumbnail", 3),
        ("sweep", 100),
    ]
    assert tasks[1].get_payload_dict() == {"path": "2.png"}


def test_no_tasks_are_no_mistake(queue: TaskQueue):
    """An empty list writes nothing."""
    assert queue.enqueue_many([]) == []


def test_one_bad_item_and_nothing_is_written(queue: TaskQueue):
    """The message has the index of the item."""
    with pytest.raises(ValueError, match=r"tasks\[2\]: priority=0"):
        queue.enqueue_many([{"type": "a"}, {"type": "b"}, {"type": "c", "priority": 0}])
    assert queue.find() == []


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ({"payload": {}}, "type=None"),
        ({"type": "a", "prio": 1}, "no option 'prio'; give some of: priority"),
        ("a", "'a' is no dict"),
        ({"type": "a", "payload": {"when": {1, 2}}}, "payload"),
    ],
)
def test_what_is_no_task_is_refused(queue: TaskQueue, item: Any, complaint: str):
    """A TypeError says what is wrong with which item."""
    with pytest.raises(TypeError, match=r"tasks\[0\]: .*" + complaint):
        queue.enqueue_many([item])
    assert queue.find() == []


def test_items_follow_the_definition_of_their_type(queue: TaskQueue):
    """As with ``enqueue``: options of the definition, and a payload that fits the handler."""

    @queue.task(type="thumbnail", priority=3)
    def thumbnail(path: str) -> None: ...

    (handle,) = queue.enqueue_many([{"type": "thumbnail", "payload": {"path": "a.png"}}])
    assert handle.get().priority == 3
    with pytest.raises(TypeError, match=r"tasks\[0\]: 'thumbnail' takes"):
        queue.enqueue_many([{"type": "thumbnail", "payload": {"width": 1}}])


def test_an_idempotency_key_in_a_batch_gives_one_task(queue: TaskQueue):
    """Also where both tasks are in the same batch."""
    first, second = queue.enqueue_many([{"type": "a", "idempotency_key": "k"}, {"type": "a", "idempotency_key": "k"}])
    assert first.id == second.id
    assert (first.created, second.created) == (True, False)
