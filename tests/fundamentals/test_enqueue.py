"""Putting a task into the queue."""

from pathlib import Path
from typing import Any

import pytest

from musterq.queue.task_queue import TaskQueue


def test_a_call_is_stored_as_an_object_of_its_arguments(queue: TaskQueue):
    """Each argument under its parameter's name, however it was given; defaults are left to the handler."""

    @queue.task(type="thumbnail")
    def thumbnail(path: str, width: int = 256, height: int = 256) -> None: ...

    task = thumbnail.enqueue("a.png", height=64).get()
    assert (task.type, task.get_payload_dict()) == ("thumbnail", {"path": "a.png", "height": 64})
    assert (task.status, task.priority, task.attempts, task.max_attempts) == ("queued", 100, 0, 5)


def test_arguments_beyond_the_named_ones_are_allowed_where_the_handler_takes_them(queue: TaskQueue):
    """``**more`` takes any name."""

    @queue.task
    def render(template: str, **values: object) -> None: ...

    task = render.enqueue("hello.html", name="Ada", age=36).get()
    assert task.get_payload_dict() == {"template": "hello.html", "name": "Ada", "age": 36}


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ((), {}, "missing a required argument: 'path'"),
        (("a.png",), {"size": 3}, "unexpected keyword argument 'size'"),
        (("a.png", 1, 2), {}, "too many positional arguments"),
        (("a.png",), {"path": "b.png"}, "multiple values for argument 'path'"),
    ],
)
def test_a_call_that_the_handler_would_refuse_is_refused_at_once(
    queue: TaskQueue, args: tuple[Any, ...], kwargs: dict[str, Any], complaint: str
):
    """In Python's own words, with the handler's signature; nothing is written."""

    @queue.task(type="thumbnail")
    def thumbnail(path: str, width: int = 256) -> None: ...

    with pytest.raises(TypeError, match=f"'thumbnail' takes .*path: .*{complaint}"):
        thumbnail.enqueue(*args, **kwargs)
    assert queue.find() == []


def test_a_task_of_any_type_can_be_enqueued_by_its_name(queue: TaskQueue):
    """The handler may live in another program, in another language; its payload may be anything JSON can say."""
    assert queue.enqueue("report", [1, "two", None]).get().get_payload_dict() == [1, "two", None]
    assert queue.enqueue("report").get().payload == "{}"


def test_by_name_a_handler_that_is_known_here_is_checked_all_the_same(queue: TaskQueue):
    """The payload must fit it, and the definition's options apply; those that are given win."""

    @queue.task(type="thumbnail", max_attempts=2, priority=7)
    def thumbnail(path: str) -> None: ...

    with pytest.raises(TypeError, match="missing a required argument: 'path'"):
        queue.enqueue("thumbnail", {"file": "a.png"})
    with pytest.raises(TypeError, match="a JSON object of its handler's arguments"):
        queue.enqueue("thumbnail", ["a.png"])
    task = queue.enqueue("thumbnail", {"path": "a.png"}, priority=1).get()
    assert (task.priority, task.max_attempts) == (1, 2)


def test_a_handle_names_the_task(queue: TaskQueue):
    """Its id finds the task again, from anywhere."""
    handle = queue.enqueue("report", {"year": 2025})
    assert handle.created
    assert handle.get() == queue.get(handle.id) == queue.handle(handle.id).get()
    assert repr(handle) == f"<Handle of task {handle.id}>"


def test_headers_travel_with_the_task(queue: TaskQueue):
    """Text to text, beside the payload, for traces and the like: whoever claims the task has them."""
    queue.enqueue("report", headers={"traceparent": "00-abc-def-01"})
    (claim,) = queue.claim("worker-01")
    assert claim.headers is not None
    assert '"00-abc-def-01"' in claim.headers


def test_hostile_text_is_only_text(queue: TaskQueue):
    """Quotes, semicolons and tags come back as they went in."""
    text = "'); DROP TABLE task_queue; -- \" <script> \N{PILE OF POO}"
    task = queue.enqueue(text, {text: text}).get()
    assert (task.type, task.get_payload_dict()) == (text, {text: text})


def test_nothing_is_touched_before_the_first_use(tmp_path: Path):
    """A queue can be made and tasks defined while modules are imported; the file comes with the first task."""
    file = tmp_path / "queue.db"
    with TaskQueue(file) as queue:

        @queue.task
        def work() -> None: ...

        assert not file.exists()
        work.enqueue()
        assert file.exists()
