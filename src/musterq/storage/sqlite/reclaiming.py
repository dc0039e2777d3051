"""Giving pages that hold nothing any more back to the file system.

It works in a file that keeps a map of its pages for that (``auto_vacuum = INCREMENTAL``), as every file that musterq
creates. Some free pages are kept for what comes next.
"""

from __future__ import annotations

from typing import NamedTuple

from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.hold import Hold

LEAST_PAGES = 1000
_INCREMENTAL = 2


class Spare(NamedTuple):
    """How many pages can be given back, and how large each is."""

    pages: int
    page_bytes: int


def spare(connection: Connection, keep: float) -> Spare:
    """What is free beyond the share of the file that is to be kept free."""
    free, pages, page_bytes, mode = (
        connection.row(f"PRAGMA {name}")[0] for name in ("freelist_count", "page_count", "page_size", "auto_vacuum")
    )
    beyond = free - int(pages * keep)
    enough = mode == _INCREMENTAL and (free > LEAST_PAGES or not keep)
    return Spare(max(0, beyond) if enough else 0, page_bytes)


def give_back(connection: Connection, pages: int, hold: Hold) -> int:
    """Give back as many pages as there is time for, at least one; returns how many."""
    for given in range(1, pages + 1):
        connection.run("PRAGMA incremental_vacuum(1)")
        if hold.is_over:
            return given
    return pages
