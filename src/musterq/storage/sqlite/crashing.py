"""How attempts end whose process died: charged as a rescue charges them, with what is known of that death."""

from __future__ import annotations

from typing import Any

from musterq.models import Claim, Crash
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query


def crash(connection: Connection, claim: Claim, death: Crash, facts: dict[str, Any]) -> bool:
    """Charge a task for the death of its process, and give it back; False if the claim is no longer held.

    ``facts`` are those of every finish, and the error.
    """
    known = {"signal": death.signal, "exit_code": death.exit_code, "peak_bytes": death.peak_bytes}
    connection.run(query("crash_note"), {**facts, **known})
    if not connection.run(query("finish_crashed"), {**facts, "how": death.words}):
        return False
    entry = {"attempt": claim.attempts, "worker": claim.worker_id, "how": death.words}
    connection.run(query("ledger_crashed"), {**facts, **entry})
    return True
