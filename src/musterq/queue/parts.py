"""Parts: tasks that are not written yet, and how they follow one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musterq.checks import check_key
from musterq.models import NewTask
from musterq.queue.parameters import Parameters
from musterq.records import NewPart
from musterq.scalars import shown


class Part:
    """A task for `TaskQueue.chain` or `TaskQueue.group`, which write it; it can be used any number of times.

    Attributes:
        type: what kind of work it is.
    """

    __slots__ = ("_argument", "_names", "_parameters", "_task", "type")

    def __init__(self, task: NewTask, payload: Any, parameters: Parameters | None, argument: str | None = None) -> None:
        if task.idempotency_key is not None:
            raise ValueError(
                "a part has no idempotency_key, since the task that has it already may be followed by others;"
                " give one to a task that enqueues the whole"
            )
        self.type = task.type
        self._task = task
        self._names = frozenset(payload) if type(payload) is dict else None  # None: it takes no arguments by name
        self._parameters = parameters
        self._argument = argument

    def __repr__(self) -> str:
        return f"<Part of type {self.type!r}>"

    def into(self, argument: str) -> Part:
        """The same part, given the result of what is before it as this argument.

        Without this, it is given as the first argument that the handler needs and the part leaves open, or not at all.

        Raises:
            TypeError, ValueError: it has this argument already, or its handler does not take it.
        """
        name = check_key("argument", argument)
        if self._names is None:
            raise TypeError(f"the payload of {self!r} is no dict of arguments, which a result could be added to")
        if name in self._names:
            raise ValueError(
                f"{self!r} has the argument {name!r} already; leave it out, and the result takes its place"
            )
        if self._parameters is not None:
            self._parameters.check_name(name)
        return Part(self._task, dict.fromkeys(self._names), self._parameters, name)

    def first(self) -> NewPart:
        """It follows nothing.

        Raises:
            TypeError: an argument is missing.
            ValueError: it is to be given a result, and there is none.
        """
        if self._argument is not None:
            raise ValueError(f"{self!r} is to be given a result as {self._argument!r}, and there is nothing before it")
        self._check_arguments()
        return NewPart(task=self._task)

    def following(self, joins: int | None) -> NewPart:
        """It is given one result, or a list of ``joins`` ones.

        Raises:
            TypeError: more than one argument is missing.
            ValueError: it is to start at another moment.
        """
        if self._task.run_after is not None:
            raise ValueError(
                f"{self!r} starts when what is before it is completed; give delay= and run_at= to the first part only"
            )
        argument = self._argument or self._open_argument()
        self._check_arguments(*([] if argument is None else [argument]))
        return NewPart(task=self._task, waits=True, joins=joins, result_argument=argument)

    def _open_argument(self) -> str | None:
        if self._parameters is None or self._names is None:
            return None
        return self._parameters.first_needed(self._names)

    def _check_arguments(self, *more: str) -> None:
        if self._parameters is not None and self._names is not None:
            self._parameters.check(dict.fromkeys([*self._names, *more]))


class Parallel:
    """Parts that run side by side within a chain: what follows is given the list of their results.

    Attributes:
        parts: these parts, in order.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Part]) -> None:
        if not parts:
            raise ValueError("a group of no parts would never be complete; give at least one part")
        self.parts = tuple(check_part(part) for part in parts)

    def __repr__(self) -> str:
        return f"<Parallel of {len(self.parts)} parts>"


def check_part(value: object) -> Part:
    """A single part.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, Part):
        return value
    if isinstance(value, Parallel):
        raise TypeError(f"{value!r} is a group, and cannot be within another; put its parts into the one group")
    raise TypeError(f"{shown(value)} is a {type(value).__name__}; give a part: handler.part(...), or queue.part(...)")


def planned(steps: Sequence[Part | Parallel]) -> list[NewPart]:
    """The parts of steps that follow one another, each with its place.

    Raises:
        TypeError, ValueError: they cannot follow one another so.
    """
    parts: list[NewPart] = []
    before: Part | Parallel | None = None
    for at, step in enumerate(steps):
        start = len(parts)
        members = _members(step, before)
        following = start + len(members) if at + 1 < len(steps) else None
        group = start if isinstance(step, Parallel) else None
        parts.extend(_placed(part, before, following, group) for part in members)
        before = step
    return parts


def _members(step: Part | Parallel, before: Part | Parallel | None) -> Sequence[Part]:
    if not isinstance(step, Parallel):
        return (check_part(step),)
    if isinstance(before, Parallel):
        raise ValueError(  # noqa: TRY004 - a group is no wrong type, only in the wrong place
            "two groups follow one another; put a part between them, which takes the results of the first as a list"
            " and whose own result each part of the second is given"
        )
    return step.parts


def _placed(part: Part, before: Part | Parallel | None, following: int | None, group: int | None) -> NewPart:
    joins = len(before.parts) if isinstance(before, Parallel) else None
    placed = part.first() if before is None else part.following(joins)
    return NewPart(
        task=placed.task,
        next=following,
        group=group,
        waits=placed.waits,
        joins=placed.joins,
        result_argument=placed.result_argument,
    )
