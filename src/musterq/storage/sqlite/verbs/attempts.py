"""Attempts: tasks are claimed, and end."""

from __future__ import annotations

from collections.abc import Sequence

from musterq.errors import QueueDatabaseError
from musterq.models import Claim, ClaimRequest, Outcome
from musterq.records import LogLine
from musterq.storage.sqlite import claiming, finishing, history
from musterq.storage.sqlite.connection import Connection, is_broken_text
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.sessions import savepoint
from musterq.storage.sqlite.tallies import Tallies
from musterq.storage.sqlite.times import MINUTE, Moment
from musterq.storage.sqlite.verbs.frame import Frame


class AttemptVerbs(Frame):
    """The verbs of attempts."""

    @verb
    def claim(self, request: ClaimRequest) -> list[Claim]:
        return self._exchange((), request)[1]

    @verb
    def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        return self._exchange(outcomes, None)[0]

    @verb
    def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, *, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        return self._exchange(outcomes, request, begun)

    @verb
    def extend(self, claim: Claim, seconds: float) -> bool:
        return self._write(lambda connection: finishing.extend(connection, claim, seconds, Moment(self.clock)))

    @verb
    def progress(self, claim: Claim, fraction: float, message: str | None) -> bool:
        facts = {"id": claim.task_id, "token": claim.claim_token, "now": self.clock.text()}
        shown = {"fraction": fraction, "message": message}
        return self._write(lambda connection: connection.run(query("progress"), {**facts, **shown}) == 1)

    @verb
    def log(self, lines: Sequence[LogLine]) -> None:
        self._write(lambda connection: finishing.log(connection, lines))

    @verb
    def cancel_requests(self, worker_id: str) -> list[tuple[int, int]]:
        return self._read(lambda connection: connection.rows(query("cancel_requests"), {"worker": worker_id}))

    def _exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        def finish_and_claim(connection: Connection) -> tuple[list[bool], claiming.Taken]:
            now = Moment(self.clock)  # in here, after any wait for the write lock
            self._fold_history(connection, now)
            tallies = Tallies()
            held = finishing.finish_all(connection, begun, outcomes, now, tallies)
            taken = self._claim(connection, request, now, tallies)
            tallies.write(connection, now.text)
            return held, taken

        def claim_again(connection: Connection) -> claiming.Taken:
            now, tallies = Moment(self.clock), Tallies()
            taken = self._claim(connection, request, now, tallies)
            tallies.write(connection, now.text)
            return taken

        held, taken = self._write(finish_and_claim)
        try:
            while taken.more and not taken.claims:
                taken = self._write(claim_again)
        except QueueDatabaseError:
            if not outcomes:
                raise  # else they are written, and the caller must hear so: the next claim meets the fault
        return held, taken.claims

    def _fold_history(self, connection: Connection, now: Moment) -> None:
        """Once a minute, a little with each claim. Where it fails, tasks go on, and `keep_history` tells it."""
        minute = now.text[:MINUTE]
        if minute == self._folded_minute:
            return
        try:
            with savepoint(connection):
                more, fault = history.fold(connection, now)
        except QueueDatabaseError as error:
            if is_broken_text(error) or not connection.in_transaction:
                raise
            more, fault = False, str(error)
        self._history_fault = fault or self._history_fault
        if not more:
            self._folded_minute = minute

    def _claim(
        self, connection: Connection, request: ClaimRequest | None, now: Moment, tallies: Tallies
    ) -> claiming.Taken:
        if request is None:
            return claiming.Taken([])
        return claiming.claim(connection, request, self._lanes, now, tallies)
