"""Looking into one task, or one worker."""

from __future__ import annotations

from musterq.circumstances import Attempt, Circumstances, KeptLine, LanePlace
from musterq.models import Task, WorkerActivity
from musterq.storage.sqlite import inquiring, overview
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class InquiryVerbs(Frame):
    """The verbs of looking closely."""

    @verb
    def task_attempts(self, task_id: int, limit: int = inquiring.NEWEST) -> list[Attempt]:
        return self._read(lambda connection: inquiring.attempts(connection, task_id, limit))

    @verb
    def task_logs(self, task_id: int, limit: int) -> list[KeptLine]:
        return self._read(lambda connection: inquiring.kept_lines(connection, task_id, limit))

    @verb
    def held_tasks(self, worker_id: str, limit: int) -> list[Task]:
        return self._read(lambda connection: inquiring.held_tasks(connection, worker_id, limit))

    @verb
    def place_in_lane(self, task_id: int) -> LanePlace | None:
        return self._read(lambda connection: inquiring.place_in_lane(connection, task_id))

    @verb
    def circumstances(self, task_id: int, logs: int = 20) -> Circumstances | None:
        now = Moment(self.clock)

        def workers(connection: Connection) -> list[WorkerActivity]:
            return overview.activity(connection, self._is_dead, now)

        return self._read(lambda connection: inquiring.circumstances(connection, task_id, logs, workers, now))
