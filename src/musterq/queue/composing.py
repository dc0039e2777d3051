"""Chains and groups: tasks that follow one another, whose results are the next one's arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from msgspec.structs import replace

from musterq.checks import TaskOptions, check_type
from musterq.models import Enqueued, NewTask
from musterq.queue.attempts import Attempts
from musterq.queue.groups import GroupHandle, existing_group
from musterq.queue.handles import Handle
from musterq.queue.parts import Parallel, Part, check_part, planned
from musterq.records import GroupProgress
from musterq.scalars import check_id
from musterq.tracing import traced_write


class Composing(Attempts):
    """Writes chains and groups, and tells how far groups are."""

    def part(self, type: str, payload: Any = None, **options: Unpack[TaskOptions]) -> Part:
        """A task for `chain` or `group`, by its type; of a definition, its own ``part`` says the same shorter.

        Args:
            type: what kind of work it is. Where a handler of it is defined here, an argument may be left open for the
                result of what is before it; where none is, `Part.into` names the argument that gets it.
            payload: as of `enqueue`.
            options: as of `enqueue`; there is no ``idempotency_key``, and ``delay`` and ``run_at`` are for parts that
                follow nothing.

        Raises:
            TypeError, ValueError: an argument is not allowed.
        """
        arguments = {} if payload is None else payload
        definition = self._definitions.get(check_type(type))
        if definition is None:
            return Part(self.build(type, arguments, options), arguments, None)
        return definition.part_of(arguments, options)

    def parallel(self, *parts: Part) -> Parallel:
        """Parts of a `chain` that run side by side: each is given the result before them, what follows all of theirs.

        Raises:
            TypeError, ValueError: something is no single part, or there is none.
        """
        return Parallel(parts)

    def chain(self, *steps: Part | Parallel, within: Any = None) -> Handle[Any]:
        """Put in tasks of which each starts when the one before it is completed, and is given its result.

        All are there from the beginning, those that wait as ``scheduled``. When one fails for good, is cancelled or
        deleted, those behind it are cancelled, and come back by a `retry` of the one that failed.

        Args:
            steps: parts, and between them `parallel` ones; the last is a single part.
            within: as of `enqueue`.

        Returns:
            The handle of the last one, whose result is that of the chain.

        Raises:
            TypeError, ValueError: they cannot follow one another so; nothing was written.
            QueueDatabaseError: the database could not write it.
        """
        if not steps:
            raise ValueError("a chain of no parts does nothing; give at least one part")
        if isinstance(steps[-1], Parallel):
            raise ValueError(  # noqa: TRY004 - a group is no wrong type, only in the wrong place
                "the chain ends with a group; give a last part, which takes the list of results,"
                " or enqueue the group from the part before it"
            )
        return self._put_parts(steps, within)[-1]

    def group(self, *parts: Part, then: Part | None = None, within: Any = None) -> GroupHandle:
        """Put in tasks that run side by side, and perhaps one that follows when all are completed, given their results.

        When one fails for good or is cancelled, the others go on; ``then`` is cancelled, and comes back by a `retry`
        of what failed.

        Args:
            parts: any number of them, at least one.
            then: given the list of results in the order of the parts.
            within: as of `enqueue`.

        Raises:
            TypeError, ValueError: a part is not allowed; nothing was written.
            QueueDatabaseError: the database could not write it.
        """
        together = Parallel(parts)
        handles = self._put_parts([together] if then is None else [together, check_part(then)], within)
        if then is None:
            return GroupHandle(self, handles, None)
        return GroupHandle(self, handles[:-1], handles[-1])

    def group_progress(self, group_id: int) -> GroupProgress:
        """How far a group is, by its id, from whatever process.

        Raises:
            TypeError, ValueError: this is no id.
            TaskNotFoundError: there is no such group.
        """
        known = check_id("group_id", group_id)
        return existing_group(self.storage.group_progress(known), known)

    def _put_parts(self, steps: Sequence[Part | Parallel], within: Any) -> list[Handle[Any]]:
        parts = planned(steps)

        def write(tasks: Sequence[NewTask]) -> list[Enqueued]:
            placed = [replace(part, task=task) for part, task in zip(parts, tasks, strict=True)]
            return [Enqueued(part_id, created=True) for part_id in self.storage.enqueue_parts(placed, within=within)]

        tasks = [part.task for part in parts]
        made = traced_write(self.events.tracer, tasks, write, many=True)
        self._note(made, tasks, within)
        return [Handle(self, enqueued.id, created=True) for enqueued in made]
