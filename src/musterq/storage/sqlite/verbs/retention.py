"""The file is kept small: old rows go, free pages are given back, and who keeps the log long is found."""

from __future__ import annotations

from musterq.records import LifetimeTotal, PruneStep, Reclaimed, Retention
from musterq.storage.sqlite import log_pins, pruning, reclaiming, retention
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.hold import Patience
from musterq.storage.sqlite.pruning import Gone, Pruning
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.upkeep import LogPin

LONGEST_TERM_SECONDS = 3600.0  # of a duty: one that ends later was given by a clock that has been set back since


class RetentionVerbs(Frame):
    """The verbs that keep the file small."""

    _pruning: Pruning | None = None
    _patience: Patience | None = None

    @verb
    def retention(self) -> dict[str, Retention]:
        return self._read(retention.rules)

    @verb
    def set_retention(self, kept: str, rule: Retention) -> None:
        self._write(lambda connection: retention.set_rule(connection, kept, rule))

    @verb
    def lifetime_totals(self) -> dict[tuple[str, str], LifetimeTotal]:
        return self._read(retention.lifetime_totals)

    @verb
    def prune(self) -> PruneStep:
        self._pruning = walk = self._pruning or Pruning()
        found = self._read(lambda connection: walk.find(connection, Moment(self.clock)))
        if not found.something:
            walk.walked(found)
            return PruneStep(more=found.more)
        patience = self._patience_of_writers()
        hold = patience.hold()
        gone: Gone = self._write(lambda connection: pruning.remove(connection, found, hold.begin()))
        held = hold.so_far()
        patience.learn(held)
        if gone.all_of_it:
            walk.walked(found)
        return PruneStep(tasks=gone.tasks, entries=gone.entries, more=True, held_seconds=held)

    @verb
    def reclaim(self, keep: float = 0.1) -> Reclaimed:
        spare = self._read(lambda connection: reclaiming.spare(connection, keep))
        if not spare.pages:
            return Reclaimed()
        patience = self._patience_of_writers()
        hold = patience.hold()
        pages = self._write(lambda connection: reclaiming.give_back(connection, spare.pages, hold.begin()))
        held = hold.so_far()
        patience.learn(held)
        return Reclaimed(bytes=pages * spare.page_bytes, more=pages < spare.pages, held_seconds=held)

    @verb
    def log_bytes(self) -> int:
        return log_pins.log_bytes(self._file)

    @verb
    def log_pins(self) -> list[LogPin]:
        return log_pins.log_pins(self._file)

    @verb
    def take_duty(self, duty: str, holder: str, seconds: float) -> bool:
        def take(connection: Connection) -> bool:
            now = Moment(self.clock)
            term = {"now": now.text, "until": now.after(seconds), "furthest": now.after(LONGEST_TERM_SECONDS)}
            return connection.run(query("take_duty"), {"duty": _row_of(duty), "holder": holder, **term}) == 1

        holds = self._read(lambda connection: connection.row(query("duty_holder"), {"duty": _row_of(duty)}))
        now = Moment(self.clock)
        if holds is not None and holds[0] != holder and now.text < holds[1] <= now.after(LONGEST_TERM_SECONDS):
            return False  # looked before writing: who only asks takes no write lock
        return self._write(take)

    @verb
    def leave_duty(self, duty: str, holder: str) -> None:
        facts = {"duty": _row_of(duty), "holder": holder}
        self._write(lambda connection: connection.run(query("leave_duty"), facts))

    def _patience_of_writers(self) -> Patience:
        self._patience = self._patience or Patience()
        return self._patience


def _row_of(duty: str) -> str:
    return f"duty: {duty}"
