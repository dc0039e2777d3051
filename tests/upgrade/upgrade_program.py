"""Calls initialize_schema() on a database: upgrade_program.py DATABASE.

It says ``ready`` when everything is imported, goes when it reads a line, and then says how many seconds it took.
"""

from __future__ import annotations

import sys
import time

from musterq.database import QueueDatabase

if __name__ == "__main__":
    with QueueDatabase(sys.argv[1]) as database:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        started = time.monotonic()
        database.initialize_schema()
        sys.stdout.write(f"{time.monotonic() - started}\n")
