"""Handles of groups: tasks that run side by side, and the one that follows them."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from musterq.errors import TaskNotFoundError, WaitTimeoutError
from musterq.queue.handles import Handle, Waited
from musterq.records import GroupProgress


class GroupHandle:
    """A group in the queue.

    Attributes:
        id: the id of the group, which is that of its first part.
        handles: its parts, in order.
        then: what follows when all of them are completed; None: nothing does.
    """

    __slots__ = ("_queue", "handles", "id", "then")

    def __init__(self, queue: Waited, handles: Sequence[Handle[Any]], then: Handle[Any] | None) -> None:
        self.id = handles[0].id
        self.handles = tuple(handles)
        self.then = then
        self._queue = queue

    def __repr__(self) -> str:
        return f"<GroupHandle of group {self.id}, {len(self.handles)} parts>"

    def progress(self) -> GroupProgress:
        """How far its parts are.

        Raises:
            TaskNotFoundError: they were deleted.
        """
        return existing_group(self._queue.storage.group_progress(self.id), self.id)

    def wait(self, timeout: float | None = None) -> Any:
        """Sleep until all is finished, for at most ``timeout`` seconds; the list of results, or the result of `then`.

        Raises:
            TaskFailedError: a part (or ``then``) failed or was cancelled; the message holds its error.
            WaitTimeoutError: it has not finished in time, and goes on.
            TaskNotFoundError: a part was deleted.
        """
        end = None if timeout is None else monotonic() + timeout
        try:
            if self.then is not None:
                return self.then.wait(timeout)
            return [handle.wait(seconds_until(end)) for handle in self.handles]
        except WaitTimeoutError:
            raise group_timed_out(self.id, timeout) from None

    def cancel(self) -> int:
        """Cancel what waits, ask what runs to stop, ``then`` included; returns how many of its parts these are."""
        storage = self._queue.storage
        with storage.transaction():
            parts = storage.cancel_group(self.id)
            if self.then is not None:
                storage.cancel(self.then.id)
        return parts


def existing_group(progress: GroupProgress | None, group_id: int) -> GroupProgress:
    """The progress of a group, if there is one."""
    if progress is None:
        raise TaskNotFoundError(f"there is no group {group_id}: it was deleted, or never was in this queue")
    return progress


def seconds_until(end: float | None) -> float | None:
    """What is left of a wait."""
    return None if end is None else max(0.0, end - monotonic())


def group_timed_out(group_id: int, timeout: float | None) -> WaitTimeoutError:
    """The error of a wait that was too short."""
    return WaitTimeoutError(f"group {group_id} has not finished within {timeout} s; it goes on, and can be waited for")
