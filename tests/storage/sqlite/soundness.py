"""What must hold of a queue's file after anything that was done to it."""

from __future__ import annotations

import sqlite3

from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite_counts import verify_counts


def check_soundness(path: str) -> None:
    """SQLite finds the file sound, and its counters equal a full count. Read with sqlite3, as the queue itself does."""
    connection = sqlite3.connect(path, timeout=30)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    storage = SQLiteStorage(path)
    verify_counts(storage)
    storage.close()
