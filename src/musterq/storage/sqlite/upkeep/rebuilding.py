"""Writing the whole file anew, without what is free in it."""

from __future__ import annotations

from musterq.storage.sqlite.connection import Connection


def rebuild(connection: Connection) -> None:
    """Run SQLite's VACUUM: nobody writes meanwhile. From then on free pages can be given back while others write."""
    connection.run("PRAGMA temp_store = FILE")  # the new copy is as large as the file
    connection.run("PRAGMA auto_vacuum = INCREMENTAL")
    connection.run("VACUUM")
