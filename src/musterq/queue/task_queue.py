"""TaskQueue: every verb of the queue."""

from __future__ import annotations

from musterq.checks import check_limit, check_seconds, check_status, check_type
from musterq.limits import type_limit
from musterq.models import Task, TaskFilter, TaskStatus
from musterq.queue.composing import Composing
from musterq.queue.keeping import Keeping
from musterq.queue.pages import Page, id_before, page_of
from musterq.queue.recurring import Recurring
from musterq.records import TypeLimit
from musterq.scalars import check_id


class TaskQueue(Recurring, Composing, Keeping):
    """A durable task queue in a database.

    The constructor touches nothing; the first use checks the tables (and makes them in a new SQLite file). Safe in
    threads, and after a fork. It is a context manager that closes itself.

    Args:
        database: A QueueDatabase, which the caller goes on sharing and closes himself; or a path or URL to open here
            (None: as QueueDatabase does), which `close` closes.
        max_payload_bytes: The longest payload or result that is taken, in bytes of JSON.
        events: Where to tell what happens; None: an `Events` of its own, as ``queue.events``.

    Raises:
        TypeError, ValueError: an argument is not one of these.
    """

    def get(self, task_id: int) -> Task | None:
        """One task as it stands now, or None.

        Raises:
            TypeError, ValueError: this is no id.
        """
        return self.storage.get(check_id("task_id", task_id))

    def find(
        self,
        status: TaskStatus | str | None = None,
        type: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Tasks by status and type, newest first; the next page is ``after=page.cursor``, None on the last one.

        Raises:
            TypeError, ValueError: an argument is not allowed.
        """
        limit = check_limit(limit)
        which = TaskFilter(
            status=None if status is None else check_status(status),
            type=None if type is None else check_type(type),
            limit=limit + 1,
            before_id=id_before(after),
        )
        return page_of(self.storage.find(which), limit)

    def cancel(self, task_id: int) -> bool:
        """Cancel a task that waits, or ask a running one to stop. False: it has finished, or is not there."""
        return self.storage.cancel(check_id("task_id", task_id))

    def retry(self, task_id: int, delay: float = 0.0) -> bool:
        """Queue a finished task again, its attempts and crashes counted anew. False: not finished, or not there.

        What was cancelled since it waits for this task waits again; such a task is not retried by itself, but by a
        retry of what it waits for (False).
        """
        return self.storage.retry(check_id("task_id", task_id), delay_seconds=check_seconds("delay", delay))

    def pause(self, type: str) -> None:
        """Let no task of this type be claimed until `resume`; those that run go on."""
        self.storage.pause(check_type(type))

    def resume(self, type: str) -> bool:
        """End a pause. False: there was none."""
        return self.storage.resume(check_type(type))

    def paused(self) -> list[str]:
        """The types that are paused, in order."""
        return self.storage.paused_types()

    def set_limit(self, type: str, running: int | None = None, rate: str | tuple[int, float] | None = None) -> None:
        """Let at most so many tasks of a type run at once, and start in a period, over all workers together.

        It counts from the next claim on and stays in the database; with nothing but the type, its limit is ended.

        Args:
            type: which tasks.
            running: how many at once, those counted that a worker has claimed and not started yet. Where a worker
                dies, the places are free as soon as its tasks are rescued.
            rate: how many start in a period, as ``10/s``, ``100/m``, ``5/h`` or ``7/30s``, or ``(count, seconds)``.
                It is a bucket that holds as many tokens and is full at first: as many may start together, and then
                one whenever a part of the period has passed.

        Raises:
            TypeError, ValueError: an argument is not allowed; nothing was written.
        """
        self.storage.set_limit(check_type(type), type_limit(running, rate))

    def limits(self) -> dict[str, TypeLimit]:
        """The limits by type, in order."""
        return self.storage.limits()
