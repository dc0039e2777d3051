"""Tries initialize_schema() and says how it failed: fault_program.py DATABASE [nobody] [file_kilobytes=N].

nobody: as a user without rights (root is bound by none). file_kilobytes: no file may grow beyond that.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile

import musterq.database
from musterq.errors import QueueDatabaseError

NOBODY = 65534
SKIPPED = 77


def warm_up() -> None:
    """Load all that is loaded late, before the rights to read it may be gone."""
    with tempfile.TemporaryDirectory() as folder, musterq.database.QueueDatabase(f"{folder}/queue.db") as database:
        database.initialize_schema()


def become_nobody() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if not os.access(musterq.database.__file__, os.R_OK):
        sys.exit(SKIPPED)


def main(path: str, *limits: str) -> None:
    warm_up()
    for limit in limits:
        if limit == "nobody":
            become_nobody()
        else:
            size = int(limit.removeprefix("file_kilobytes=")) * 1024
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        with musterq.database.QueueDatabase(path) as database:
            database.initialize_schema()
    except QueueDatabaseError as error:
        os.write(1, f"{type(error).__name__}: {error}".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
