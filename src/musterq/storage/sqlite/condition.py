"""How the file is, from what costs the same at any size."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from musterq.storage.sqlite import side_notes
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.log_pins import log_bytes
from musterq.upkeep import Condition


def condition(connection: Connection, path: str, version: tuple[int, int, int]) -> Condition:
    """Its size and what of it is free, its log, and how long writers have waited for one another."""
    pages, free, page_bytes = (
        connection.row(f"PRAGMA {name}")[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return Condition(
        engine=f"SQLite {'.'.join(map(str, version))}",
        database_bytes=pages * page_bytes,
        free_bytes=free * page_bytes,
        log_bytes=log_bytes(path),
        disk_free_bytes=_disk_free(path),
        copied_at=_written_at(path),
        last_checkpoint=side_notes.last_checkpoint(f"{path}-checkpoint"),
        busy_waits=side_notes.waits(f"{path}-turn"),
    )


def _written_at(path: str) -> datetime | None:
    """Beside a log nobody but a checkpoint writes to the file itself."""
    try:
        return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC)
    except OSError:
        return None


def _disk_free(path: str) -> int | None:
    try:
        return shutil.disk_usage(Path(path).parent).free
    except OSError:
        return None
