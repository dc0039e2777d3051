"""What the dead held is given back; who holds what, for how long; and the ledger of what was taken."""

from __future__ import annotations

from musterq.models import Claim, Rescued
from musterq.records import LedgerEntry
from musterq.storage.sqlite import ledger, rescuing
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.storage.sqlite.waiting import DeathWaiter


class RescueVerbs(Frame):
    """The verbs of rescue."""

    @verb
    def rescue_expired(self) -> Rescued:
        now = Moment(self.clock)
        found = self._read(lambda connection: rescuing.look(connection, self._is_dead, now))
        if found is None:
            return Rescued()
        return self._write(
            lambda connection: rescuing.rescue_all(
                connection, found, self._is_dead, self._liveness.begun, Moment(self.clock)
            )
        )

    def deaths(self) -> DeathWaiter:
        self.ensure_schema()
        return DeathWaiter(self._liveness.made_folder())

    @verb
    def lease_left(self, claim: Claim) -> float | None:
        wanted = {"id": claim.task_id, "token": claim.claim_token, **Moment(self.clock).boot()}
        row = self._read(lambda connection: connection.row(query("lease_left"), wanted))
        return None if row is None else max(0.0, round(row[0], 3))

    @verb
    def held_claims(self, worker_id: str) -> set[tuple[int, int]]:
        return self._read(lambda connection: set(connection.rows(query("held_claims"), {"worker": worker_id})))

    @verb
    def ledger(
        self, limit: int, *, task_id: int | None = None, worker_id: str | None = None, before_id: int | None = None
    ) -> list[LedgerEntry]:
        return self._read(
            lambda connection: ledger.entries(
                connection, limit, task_id=task_id, worker_id=worker_id, before_id=before_id
            )
        )

    @verb
    def ledger_totals(self) -> dict[str, dict[str, int]]:
        return self._read(ledger.totals)

    @verb
    def note_death(self, worker_id: str, detail: str) -> int:
        def note(connection: Connection) -> int:
            if self._has_died(connection, worker_id):  # else a new process of this id lives, which died of nothing
                ledger.note_death_ahead(connection, worker_id, detail)
            return ledger.note_death(connection, worker_id, detail, Moment(self.clock))

        return self._write(note)
