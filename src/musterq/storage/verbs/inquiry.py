"""Looking into one task, or one worker: what happened to it, and what it waits for."""

from __future__ import annotations

from typing import Protocol

from musterq.circumstances import Attempt, Circumstances, KeptLine, LanePlace
from musterq.models import Task


class InquiryVerbs(Protocol):
    """The verbs of looking closely; each costs the same at any size of the queue."""

    def task_attempts(self, task_id: int, limit: int = 100) -> list[Attempt]:
        """The newest attempts of a task that did not complete, oldest first."""

    def task_logs(self, task_id: int, limit: int) -> list[KeptLine]:
        """The last lines of a task's log, oldest first."""

    def held_tasks(self, worker_id: str, limit: int) -> list[Task]:
        """Tasks that a worker holds, by id."""

    def place_in_lane(self, task_id: int) -> LanePlace | None:
        """Which tasks are before a queued one in its lane; None: it does not wait there."""

    def circumstances(self, task_id: int, logs: int = 20) -> Circumstances | None:
        """A task and what is around it, all of one moment, with its last ``logs`` log lines; None: no such task."""
