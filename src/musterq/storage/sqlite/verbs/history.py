"""What happened: all that ever did, and over time."""

from __future__ import annotations

from collections.abc import Collection

from musterq.errors import QueueDatabaseError
from musterq.observations import HistoryCell, HistoryRange, Tally
from musterq.storage.sqlite import history, overview
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class HistoryVerbs(Frame):
    """The verbs of history."""

    @verb
    def totals(self, *, by_type: bool) -> dict[str, dict[str, Tally]]:
        return self._read(lambda connection: history.totals(connection, by_type=by_type))

    @verb
    def history(self, what: Collection[str], within: HistoryRange, *, by_type: bool, timed: bool) -> list[HistoryCell]:
        return self._read(lambda connection: history.cells(connection, what, within, by_type=by_type, timed=timed))

    @verb
    def keep_history(self) -> None:
        now = Moment(self.clock)
        if not self._read(lambda connection: history.is_sampled(connection, now)):
            self._bring_forward(now)
        fault, self._history_fault = self._history_fault, None
        if fault is not None:
            raise QueueDatabaseError(f"{self._path}: the history: {fault}; see what musterq verify finds")

    def _bring_forward(self, now: Moment) -> None:
        look = self._read(lambda connection: overview.look(connection, self._is_dead, now))
        self._write(lambda connection: history.sample(connection, look, Moment(self.clock)))
        more = True
        while more:
            more, fault = self._write(lambda connection: history.fold(connection, Moment(self.clock)))
            self._history_fault = fault or self._history_fault
        while self._write(lambda connection: history.trim(connection, Moment(self.clock))):
            pass
