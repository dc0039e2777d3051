"""The workers as a fleet: what none of them can take, and how many of which kind are meant to be at work."""

from __future__ import annotations

from musterq.observations import Expectation, Turnout, Unservable
from musterq.storage.sqlite import fleet
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class FleetVerbs(Frame):
    """The verbs of the fleet."""

    @verb
    def unservable(self) -> list[Unservable]:
        now = Moment(self.clock)
        return self._read(lambda connection: fleet.unservable(connection, self._decisions, self._is_dead, now))

    @verb
    def unservable_tasks(self) -> int:
        now = Moment(self.clock)
        return self._read(lambda connection: fleet.unservable_tasks(connection, self._decisions, self._is_dead, now))

    @verb
    def expect_workers(self, expectation: Expectation) -> None:
        self._write(lambda connection: fleet.expect_workers(connection, expectation))

    @verb
    def forget_expectation(self, name: str) -> bool:
        return self._write(lambda connection: connection.run(query("expectation_forget"), {"name": name}) == 1)

    @verb
    def expectations(self) -> list[Turnout]:
        now = Moment(self.clock)
        return self._read(lambda connection: fleet.expectations(connection, self._is_dead, now))
