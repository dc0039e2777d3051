"""What comes due as time goes by: tasks, expiry, and the ticks of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from musterq.models import Enqueued, NewTask
from musterq.records import Schedule


class DueVerbs(Protocol):
    """The verbs of time."""

    def promote(self, limit: int) -> int:
        """Move up to ``limit`` due tasks from scheduled to queued; returns how many."""

    def seconds_to_next_due(self) -> float | None:
        """Until the next scheduled task is due (0: it is), or a waiting task gets the token that it waits for.

        None, if there is neither.
        """

    def overdue_seconds(self) -> float | None:
        """For how long the scheduled task that is due longest has been due; None: none is due."""

    def expire(self, limit: int) -> int:
        """Fail up to ``limit`` queued tasks that nobody started before they expired; returns how many.

        A task that was started once, and came back after an error or a crash, does not expire any more.
        """

    def save_schedule(self, schedule: Schedule) -> bool:
        """Write a schedule as it is defined; its next tick moves only if it is new or its timing or time zone changed.

        False: it stands there like this already, and nothing was written.
        """

    def schedules(self) -> list[Schedule]:
        """All schedules, by name."""

    def due_schedules(self) -> list[Schedule]:
        """The schedules that are not paused and whose next tick has come, the longest due first."""

    def seconds_to_next_tick(self) -> float | None:
        """Until the next schedule that is not paused ticks (0: it does); None if there is none."""

    def tick(self, schedule: Schedule, following: datetime, tasks: Sequence[NewTask]) -> list[Enqueued] | None:
        """Move a schedule that was read as due on to its following tick, and enqueue its tasks, in one transaction.

        None: its next tick is not the one that was read (somebody else was first), or it is paused or gone; nothing
        was changed.
        """

    def pause_schedule(self, name: str) -> bool:
        """Let a schedule tick no more until `resume_schedule`. False: there is none of this name."""

    def resume_schedule(self, name: str, next_at: datetime) -> bool:
        """End the pause of a schedule, which ticks at ``next_at`` at the earliest. False: not paused, or not there."""

    def remove_schedule(self, name: str) -> bool:
        """Forget a schedule. False: there is none of this name."""
