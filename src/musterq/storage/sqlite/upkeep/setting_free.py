"""What a copy must not take over from its original: worker processes, which are at work there and not here.

Their tasks are given back without a charge, since nobody died, and the ledger tells from whom. Workers without a
liveness lock stay: programs that registered them by API may go on with the copy, and their beats and leases tell.
"""

from __future__ import annotations

import json

from musterq.storage.sqlite import rescuing
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment

COPIED = rescuing.Cause("copied", "this queue is a copy, made while its worker was at work on it")


def set_free(connection: Connection, origin: str, now: Moment, *, is_known: bool) -> int:
    """Make a copy of a queue one of its own; how many tasks were given back.

    ``is_known``: where a note tells already of which queue it is a copy, and of when, that stays.
    """
    connection.run("BEGIN IMMEDIATE")
    given_back = sum(_forget(connection, worker, now) for (worker,) in connection.rows(query("lock_holders")))
    if not (is_known and connection.row(query("copied_from"))):
        noted = {"of": origin, "at_utc": now.text}
        connection.run(query("note_copy"), {"origin": json.dumps(noted)})
    connection.run("COMMIT")
    return given_back


def _forget(connection: Connection, worker: str, now: Moment) -> int:
    held = [task_id for (task_id,) in connection.rows(query("all_held_by_worker"), {"worker": worker})]
    rescued = rescuing.rescue(connection, held, COPIED, now, begun=[])
    connection.run(query("remove_worker"), {"worker": worker})
    return len(rescued.queued + rescued.failed + rescued.cancelled)
