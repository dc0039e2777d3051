"""Whether what should be in the queue is there; the messages show what is there instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from musterq.models import Task, TaskStatus
from musterq.queue.aio import AsyncTask
from musterq.queue.tasks import TaskDefinition
from musterq.testing.isolation import AnyQueue, inner

PAGE = 1000
MOST_SHOWN = 10
What = str | TaskDefinition[..., Any] | AsyncTask[..., Any, Any]


def enqueued(queue: AnyQueue, what: What | None = None) -> list[Task]:
    """All tasks of a type that are in the queue, in the order in which they came, whatever has become of them.

    Args:
        queue: Where to look.
        what: A type, or what `@queue.task` made; None: every type.

    Raises:
        TypeError: ``what`` is neither.
    """
    found: list[Task] = []
    cursor = None
    while True:
        page = inner(queue).find(type=_type_of(what), limit=PAGE, after=cursor)
        found += page
        cursor = page.cursor
        if cursor is None:
            return found[::-1]


def assert_enqueued(
    queue: AnyQueue,
    what: What | None = None,
    payload: Any = None,
    *,
    count: int | None = None,
    status: TaskStatus | str | None = None,
    **columns: Any,
) -> list[Task]:
    """Fail unless there are such tasks; returns them, in the order in which they came.

    Args:
        queue: Where to look.
        what: Their type, or what `@queue.task` made; None: any.
        payload: What is in their payload: of an object, at least these names and values; None: anything.
        count: How many there are; None: at least one.
        status: Where they stand; None: anywhere.
        columns: What else is so, by the attributes of `Task`: ``priority=5``.

    Raises:
        AssertionError: there are none, or not so many; the message shows what there is.
        TypeError: there is no such attribute, or ``what`` is no type.
    """
    __tracebackhide__ = True
    wanted = _wanted(status, columns)
    there = enqueued(queue, what)
    matching = [task for task in there if _suits(task, payload, wanted)]
    if (count is None and not matching) or (count is not None and len(matching) != count):
        many = "at least one task" if count is None else f"exactly {count}"
        asked = _asked(what, payload, wanted)
        raise AssertionError(f"{many} expected{asked}, found {len(matching)}; {_shown(there, what)}")
    return matching


def assert_not_enqueued(
    queue: AnyQueue,
    what: What | None = None,
    payload: Any = None,
    *,
    status: TaskStatus | str | None = None,
    **columns: Any,
) -> None:
    """Fail if there is such a task; what is asked for as in `assert_enqueued`.

    Raises:
        AssertionError: there is one; the message shows it.
        TypeError: there is no such attribute, or ``what`` is no type.
    """
    __tracebackhide__ = True
    assert_enqueued(queue, what, payload, count=0, status=status, **columns)


def _type_of(what: object) -> str | None:
    if what is None or isinstance(what, str):
        return what
    definition = what.definition if isinstance(what, AsyncTask) else what
    if not isinstance(definition, TaskDefinition):
        raise TypeError(f"{what!r} is no type of tasks; give its name, or what @queue.task made of the handler")
    return definition.type


def _wanted(status: object, columns: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(columns.keys() - set(Task.__struct_fields__)):
        raise TypeError(f"a task has no {', '.join(unknown)}; it has: {', '.join(Task.__struct_fields__)}")
    return columns if status is None else {"status": status, **columns}


def _suits(task: Task, payload: Any, wanted: Mapping[str, Any]) -> bool:
    columns_suit = all(getattr(task, name) == value for name, value in wanted.items())
    return columns_suit and (payload is None or _holds(_payload_of(task), payload))


def _holds(whole: Any, part: Any) -> bool:
    """Whether an object has these names and values, objects within it likewise; all else is to be equal."""
    if isinstance(whole, dict) and isinstance(part, Mapping):
        return all(name in whole and _holds(whole[name], value) for name, value in part.items())
    return bool(whole == part)


def _payload_of(task: Task) -> Any:
    try:
        return task.get_payload_dict()
    except ValueError:  # plain SQL put in what is no JSON
        return task.payload


def _asked(what: What | None, payload: Any, wanted: Mapping[str, Any]) -> str:
    kind = "" if what is None else f" of type {_type_of(what)!r}"
    holding = "" if payload is None else f" with payload {json.dumps(payload, default=repr)}"
    rest = "".join(f", {name}={value!r}" for name, value in wanted.items())
    return f"{kind}{holding}{rest}"


def _shown(there: Sequence[Task], what: What | None) -> str:
    if not there:
        return "the queue is empty" if what is None else "there is none of this type"
    lines = [f"  {_line(task)}" for task in there[:MOST_SHOWN]]
    if len(there) > MOST_SHOWN:
        lines.append(f"  and {len(there) - MOST_SHOWN} more")
    return _joined(["there are:", *lines])


def _line(task: Task) -> str:
    return f"task {task.id} {task.type} {task.status} priority={task.priority} payload={task.payload}"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)
