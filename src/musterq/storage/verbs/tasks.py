"""Tasks: put in, looked up, cancelled, retried, paused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from musterq.models import Enqueued, NewTask, Task, TaskFilter


class TaskVerbs(Protocol):
    """The verbs of tasks."""

    def enqueue(self, tasks: Sequence[NewTask], *, within: Any = None) -> list[Enqueued]:
        """Write all tasks in one transaction, or none. A known idempotency key gives the task that has it.

        ``within`` is a caller's own connection, in a transaction that he commits or rolls back himself.

        Raises:
            TypeError, ValueError: ``within`` is of another library, to another database, or not in a transaction.
        """

    def get(self, task_id: int) -> Task | None:
        """One task, or None."""

    def find(self, which: TaskFilter) -> list[Task]:
        """Tasks by status and type, newest id first."""

    def cancel(self, task_id: int) -> bool:
        """Cancel what waits; ask a running task to stop. False: it has finished or is not there."""

    def retry(self, task_id: int, *, delay_seconds: float = 0.0) -> bool:
        """Queue a finished task again, attempts and crashes from zero. False: not finished, or not there.

        What was cancelled since it waits for this task waits again. False, too: it waits for tasks that have stopped.
        """

    def pause(self, type: str) -> None:
        """No task of this type is claimed until `resume`; running ones go on."""

    def resume(self, type: str) -> bool:
        """End a pause. False: it was not paused."""

    def paused_types(self) -> list[str]:
        """The types that are paused, in order."""

    def types(self) -> list[str]:
        """The types that the database has tasks of, in order."""
