"""The named steps at which a process kills itself: a statement of its own, or the commit behind one.

SQLite tells of each statement before it runs it; there the process ends as `kill -9` ends it.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from typing import NamedTuple

from musterq.storage.sqlite import connection


class Step(NamedTuple):
    """A statement by words of it; ``at_commit``: not there, but when its transaction is about to be committed."""

    words: str
    at_commit: bool = False


STEPS = {
    "registering": Step("INSERT INTO workers"),
    "telling its facts": Step("UPDATE worker_facts SET"),
    "registered": Step("UPDATE worker_facts SET", at_commit=True),
    "renewing": Step("UPDATE workers SET heartbeat_utc"),
    "claiming": Step("status = 'processing', attempts = attempts + 1"),
    "committing a claim": Step("status = 'processing', attempts = attempts + 1", at_commit=True),
    "finishing": Step("status = 'completed', result ="),
    "committing a finish": Step("status = 'completed', result =", at_commit=True),
    "committing a retry": Step("WHEN attempts >= max_attempts THEN 'failed' ELSE 'scheduled'", at_commit=True),
    "promoting": Step("SET status = 'queued', due_at_utc = run_after_utc"),
    "committing a promotion": Step("SET status = 'queued', due_at_utc = run_after_utc", at_commit=True),
    "rescuing": Step("crashes = crashes +"),
    "committing a rescue": Step("crashes = crashes +", at_commit=True),
    "pruning": Step("DELETE FROM task_queue"),
    "committing a pruning": Step("DELETE FROM task_queue", at_commit=True),
    "ticking": Step("UPDATE schedules SET"),
    "committing a tick": Step("UPDATE schedules SET", at_commit=True),
    "migrating": Step("CREATE TABLE task_logs"),
    "committing a migration": Step("CREATE TABLE task_logs", at_commit=True),
    "leaving": Step("DELETE FROM workers"),
    "committing its leave": Step("DELETE FROM workers", at_commit=True),
}


def arm(name: str) -> None:
    """Kill this process at the step."""
    step = STEPS[name]
    opened = connection._open

    def open_and_watch(path: str) -> sqlite3.Connection:
        raw = opened(path)
        seen = False

        def look(statement: str) -> None:
            nonlocal seen
            seen = seen or step.words in statement
            if seen and (not step.at_commit or statement == "COMMIT"):
                os.kill(os.getpid(), signal.SIGKILL)

        raw.set_trace_callback(look)
        return raw

    connection._open = open_and_watch
