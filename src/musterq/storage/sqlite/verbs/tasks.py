"""Tasks: put in, looked up, cancelled, retried, paused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musterq.models import Enqueued, NewTask, Task, TaskFilter
from musterq.storage.sqlite import enqueueing, reading
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.verbs.frame import Frame


class TaskVerbs(Frame):
    """The verbs of tasks."""

    @verb
    def enqueue(self, tasks: Sequence[NewTask], *, within: Any = None) -> list[Enqueued]:
        now = self.clock.text()
        return self._write_within(
            within, lambda connection: enqueueing.enqueue(connection, tasks, self._lanes.id_of, now)
        )

    @verb
    def get(self, task_id: int) -> Task | None:
        return self._read(lambda connection: reading.task(connection, task_id))

    @verb
    def find(self, which: TaskFilter) -> list[Task]:
        return self._read(lambda connection: reading.find(connection, which))

    @verb
    def cancel(self, task_id: int) -> bool:
        facts = {"id": task_id, "now": self.clock.text()}
        return self._write(
            lambda connection: (
                connection.run(query("cancel_waiting"), facts) == 1
                or connection.run(query("cancel_running"), facts) == 1
            )
        )

    @verb
    def retry(self, task_id: int, *, delay_seconds: float = 0.0) -> bool:
        again = self.clock.text(delay_seconds) if delay_seconds > 0 else None
        facts = {"id": task_id, "now": self.clock.text(), "again": again}
        return self._write(lambda connection: connection.run(query("retry"), facts) == 1)

    @verb
    def pause(self, type: str) -> None:
        facts = {"type": type, "now": self.clock.text()}
        self._write(lambda connection: connection.run(query("pause"), facts))

    @verb
    def resume(self, type: str) -> bool:
        return self._write(lambda connection: connection.run(query("resume"), {"type": type}) == 1)

    @verb
    def paused_types(self) -> list[str]:
        return self._read(lambda connection: [type for (type,) in connection.rows(query("paused_types"))])

    @verb
    def types(self) -> list[str]:
        return self._read(lambda connection: [type for (type,) in connection.rows(query("types"))])
