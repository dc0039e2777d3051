"""A program that keeps a read transaction open, so that the write-ahead log cannot be cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PROGRAM = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM task_queue").fetchone()
print("reading", flush=True)
sys.stdin.readline()
"""


@contextmanager
def reading(path: str) -> Iterator[int]:
    """The id of its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()
