"""Chains and groups: tasks that wait for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from musterq.records import GroupProgress, NewPart


class PartVerbs(Protocol):
    """The verbs of chains and groups."""

    def enqueue_parts(self, parts: Sequence[NewPart], *, within: Any = None) -> list[int]:
        """Write tasks that follow one another in one transaction, or none; their ids, in order.

        ``within`` is as of `enqueue`, with its errors. One that follows others is scheduled, and becomes queued when
        the last of them is completed, by whatever statement. If one of them fails or is cancelled, all that waits
        behind it is cancelled, until that one is retried; if it is deleted before it is completed, for good. A claim
        has the results of what was before it among its arguments.
        """

    def group_progress(self, group_id: int) -> GroupProgress | None:
        """How far a group is, from an index; None if there is none."""

    def cancel_group(self, group_id: int) -> int:
        """Cancel what waits of a group, and ask what runs to stop; returns how many these are."""
