"""What comes due as time goes by."""

from __future__ import annotations

from musterq.storage.sqlite import reading
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class DueVerbs(Frame):
    """The verbs of time."""

    @verb
    def promote(self, limit: int) -> int:
        due = self.seconds_to_next_due()
        if due is None or due > 0:
            return 0  # looked before writing: an idle queue takes no write lock
        facts = {"now": self.clock.text(), "limit": limit}
        return self._write(lambda connection: connection.run(query("promote"), facts))

    @verb
    def seconds_to_next_due(self) -> float | None:
        now = Moment(self.clock)
        return self._read(lambda connection: reading.seconds_to_next_due(connection, now))
