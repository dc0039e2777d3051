"""The truth: what is kept beside the tasks, compared with a full count, and mended."""

from __future__ import annotations

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.upkeep import drift, mending, verifying
from musterq.storage.sqlite.upkeep.drift import Drift
from musterq.storage.sqlite.upkeep.verifying import Look
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.upkeep import Discrepancy

ROUNDS = 5  # of mending and looking again: what others wrote while a trigger was missing shows only then
_NAMED = 3


class VerificationVerbs(Frame):
    """The verbs of verification."""

    _sound_at: int | None = None  # the version of SQLite's schema at which nothing was missing or changed

    @verb
    def verify(self) -> list[Discrepancy]:
        return self._look().found

    @verb
    def repair(self) -> list[Discrepancy]:
        look = self._look()
        found = {(one.what, one.where): one for one in look.found}
        for _ in range(ROUNDS):
            if not look.found:
                return list(found.values())
            self._mend(look)
            look = self._look()
            found = {(one.what, one.where): one for one in look.found} | found
        raise QueueDatabaseError(_not_right(look))

    def _look(self) -> Look:
        return self._read(lambda connection: verifying.look(connection, self._drifts))

    def _drifts(self, connection: Connection) -> list[Drift]:
        (version,) = connection.row(query("verify_schema_version"))
        if version == self._sound_at:
            return []
        with drift.model_of(self._driver) as model:
            found = drift.drifts(connection, model)
        if not found and not self._sessions.has_transaction():  # one that is rolled back gives its number away again
            self._sound_at = version
        return found

    def _mend(self, look: Look) -> None:
        if look.has("schema", "buckets"):
            self._write(self._mend_schema)
            return  # what is right now is told by another look
        if look.has(*(what for what, _, _ in verifying.ROWS)):
            mending.mend_rows(self._read, self._write, self.clock)
        if look.has("key"):
            mending.mend_keys(self._read, self._write)
        if look.lacks:
            self._write(lambda connection: mending.mend_counters(connection, look))
        if look.has("tally"):
            self._write(mending.mend_tallies)
        if look.has("history"):
            mending.mend_history(self._read, self._write)

    def _mend_schema(self, connection: Connection) -> None:
        with drift.model_of(self._driver) as model:
            drift.mend(connection, model)
        mending.mend_buckets(connection)


def _not_right(look: Look) -> str:
    named = ", ".join(f"{one.what} ({one.where})" for one in look.found[:_NAMED])
    more = f" and {len(look.found) - _NAMED} more" if look.found[_NAMED:] else ""
    return (
        f"these do not come right: {named}{more}; stop programs that change triggers or counters of this database, "
        "and repair it again"
    )
