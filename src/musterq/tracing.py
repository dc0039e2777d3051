"""What a tracer is asked for: what stands around the writing of tasks, and around an attempt.

Events tell that something has happened; a trace needs to be there while it does, since what it notes of a task goes
into its headers, and what its handler does belongs to its attempt. This module knows no tracer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from musterq.models import Claim, Enqueued, NewTask, Outcome

Made = TypeVar("Made", bound=Sequence[Enqueued] | None)


class TracedWrite(Protocol):
    """Tasks while they are written."""

    @property
    def tasks(self) -> Sequence[NewTask]:
        """The same tasks, as they are to be written: their headers tell where they come from."""

    def written(self, made: Sequence[Enqueued] | None) -> None:
        """Note what was written; None: nothing, since somebody else was first."""


class TracedAttempt(Protocol):
    """An attempt while its handler runs."""

    def ended(self, outcome: Outcome) -> None:
        """Note how it ended."""

    def in_child(self) -> AbstractContextManager[object]:
        """What a child process enters around the handler; it can be pickled."""


class Tracer(Protocol):
    """Who traces, as `Events.tracer`."""

    def write(self, tasks: Sequence[NewTask], *, many: bool) -> AbstractContextManager[TracedWrite]:
        """In this block, these tasks are written; ``many``: by a call that takes any number of them."""

    def attempt(self, claim: Claim) -> AbstractContextManager[TracedAttempt]:
        """In this block, an attempt runs, in this thread or coroutine."""


def traced_write(
    tracer: Tracer | None, tasks: Sequence[NewTask], write: Callable[[Sequence[NewTask]], Made], *, many: bool
) -> Made:
    """Write tasks, with what a tracer adds to their headers."""
    if tracer is None or not tasks:
        return write(tasks)
    with tracer.write(tasks, many=many) as traced:
        made = write(traced.tasks)
        traced.written(made)
    return made
