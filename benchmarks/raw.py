"""The least `sqlite3` code that does what musterq does: the same statements on the same tables, and nothing else.

The statements are taken down from musterq itself as it opens the file, so that both always run the same ones. SQLite
checkpoints by itself here, as it comes.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any, Self

from benchmarks.recording import BEGIN, COMMIT, Statement, record
from benchmarks.setting import PAYLOAD, TYPE
from musterq.models import ClaimRequest, NewTask

WORKER_ID = "bench"
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY")

Held = tuple[int, int]  # task id and claim token


class RawQueue:
    """A queue in a new file, with musterq's tables and triggers; `limit` is how many tasks a claim takes."""

    def __init__(self, path: Path, *, limit: int = 1, lease_seconds: float | None = 60.0) -> None:
        task = NewTask(type=TYPE, payload=json.dumps(PAYLOAD, separators=(",", ":")))
        request = ClaimRequest(worker_id=WORKER_ID, limit=limit, lease_seconds=lease_seconds)
        (self._enqueue, self._after_enqueue), self._claim, (self._complete, self._after_complete) = record(
            path, task, request
        )
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")

    def enqueue(self) -> None:
        """Put one task in, in a transaction of its own."""
        execute = self._connection.execute
        execute(BEGIN)
        execute(self._enqueue.sql, self._enqueue.values)
        execute(self._after_enqueue.sql, self._after_enqueue.values)
        execute(COMMIT)

    def enqueue_many(self, n: int) -> None:
        """Put many tasks in, in one transaction."""
        self._connection.execute(BEGIN)
        self._connection.executemany(self._enqueue.sql, [self._enqueue.values] * n)
        self._connection.execute(self._after_enqueue.sql, self._after_enqueue.values)
        self._connection.execute(COMMIT)

    def claim(self) -> list[Held]:
        """Take tasks."""
        self._connection.execute(BEGIN)
        held = self._take()
        self._connection.execute(COMMIT)
        return held

    def complete(self, held: Held) -> None:
        """End one task."""
        execute = self._connection.execute
        execute(BEGIN)
        execute(self._complete.sql, _of(held, self._complete))
        execute(self._after_complete.sql, self._after_complete.values)
        execute(COMMIT)

    def complete_and_claim(self, held: list[Held]) -> list[Held]:
        """End tasks and take others, in one transaction."""
        self._connection.execute(BEGIN)
        self._connection.executemany(self._complete.sql, [_of(one, self._complete) for one in held])
        self._connection.execute(self._after_complete.sql, self._after_complete.values)
        taken = self._take()
        self._connection.execute(COMMIT)
        return taken

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _take(self) -> list[Held]:
        """Run a claim's statements; where one wants ids, they are what the one before it found."""
        rows: list[Any] = []
        for sql, values in self._claim:
            bound = {**values, "ids": str([row[0] for row in rows])} if "ids" in values else values
            found = self._connection.execute(sql, bound).fetchall()
            rows = rows if "INTO tallies" in sql else found
        return [(row[0], row[1]) for row in rows]


def _of(held: Held, statement: Statement) -> dict[str, Any]:
    return {**statement.values, "id": held[0], "token": held[1]}
