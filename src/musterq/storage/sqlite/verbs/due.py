"""What comes due as time goes by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from musterq.clock import datetime_to_text
from musterq.models import Enqueued, NewTask
from musterq.records import Schedule
from musterq.storage.sqlite import reading, ticking
from musterq.storage.sqlite.limits import seconds_to_next_token
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class DueVerbs(Frame):
    """The verbs of time."""

    @verb
    def promote(self, limit: int) -> int:
        now = Moment(self.clock)
        due = self._read(lambda connection: reading.seconds_to_next_due(connection, now))
        if due is None or due > 0:
            return 0  # looked before writing: an idle queue takes no write lock
        facts = {"now": self.clock.text(), "limit": limit}
        return self._write(lambda connection: connection.run(query("promote"), facts))

    @verb
    def seconds_to_next_due(self) -> float | None:
        now = Moment(self.clock)
        waits = self._read(
            lambda connection: (reading.seconds_to_next_due(connection, now), seconds_to_next_token(connection, now))
        )
        return min((seconds for seconds in waits if seconds is not None), default=None)

    @verb
    def overdue_seconds(self) -> float | None:
        now = Moment(self.clock)
        return self._read(lambda connection: reading.overdue_seconds(connection, now))

    @verb
    def expire(self, limit: int) -> int:
        now = Moment(self.clock)
        due = self._read(lambda connection: reading.seconds_to_next_expiry(connection, now))
        if due is None or due > 0:
            return 0
        facts = {"now": now.text, "limit": limit}
        return self._write(lambda connection: connection.run(query("expire"), facts))

    # -- schedules -------------------------------------------------------------------------------
    @verb
    def save_schedule(self, schedule: Schedule) -> bool:
        if self._read(lambda connection: ticking.is_known(connection, schedule)):
            return False
        now = self.clock.text()
        self._write(lambda connection: ticking.save(connection, schedule, now))
        return True

    @verb
    def schedules(self) -> list[Schedule]:
        return self._read(ticking.schedules)

    @verb
    def due_schedules(self) -> list[Schedule]:
        now = self.clock.text()
        return self._read(lambda connection: ticking.due(connection, now))

    @verb
    def seconds_to_next_tick(self) -> float | None:
        now = Moment(self.clock)
        return self._read(lambda connection: reading.seconds_to_next_tick(connection, now))

    @verb
    def tick(self, schedule: Schedule, following: datetime, tasks: Sequence[NewTask]) -> list[Enqueued] | None:
        now = self.clock.text()
        return self._write(
            lambda connection: ticking.tick(connection, schedule, following, tasks, self._lanes.id_of, now=now)
        )

    @verb
    def pause_schedule(self, name: str) -> bool:
        facts = {"name": name, "now": self.clock.text()}
        return self._write(lambda connection: connection.run(query("schedule_pause"), facts) == 1)

    @verb
    def resume_schedule(self, name: str, next_at: datetime) -> bool:
        facts = {"name": name, "next": datetime_to_text(next_at), "now": self.clock.text()}
        return self._write(lambda connection: connection.run(query("schedule_resume"), facts) == 1)

    @verb
    def remove_schedule(self, name: str) -> bool:
        return self._write(lambda connection: connection.run(query("schedule_remove"), {"name": name}) == 1)
