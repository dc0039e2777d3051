"""Storage engines, behind the verbs of `musterq.storage.base`."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from musterq.clock import Clock
from musterq.errors import QueueDatabaseError
from musterq.storage.base import Storage
from musterq.storage.sqlite.engine import SQLiteStorage

__all__ = ["Storage", "open_storage"]

_DURABILITIES = ("normal", "full")


def open_storage(
    location: str | os.PathLike[str],
    *,
    durability: str = "normal",
    busy_timeout: float = 30.0,
    clock: Clock | None = None,
) -> Storage:
    """The storage at a path or URL (``sqlite:///relative.db``, ``sqlite:////absolute.db``); opens nothing yet.

    ``:memory:`` is a file of its own in the folder for temporary files, gone when the process ends.

    Raises:
        ValueError: an unknown durability, or a URL of no known kind.
        QueueDatabaseError: an engine that is not installed, or an SQLite too old.
    """
    if durability not in _DURABILITIES:
        raise ValueError(f"durability={durability!r}: give one of {', '.join(_DURABILITIES)}")
    return SQLiteStorage(_path_of(os.fspath(location)), durability=durability, busy_timeout=busy_timeout, clock=clock)


def _path_of(location: str) -> str:
    if location == ":memory:":
        return _temporary_file()
    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme in ("postgresql", "postgres"):
        raise QueueDatabaseError(
            "PostgreSQL is not supported yet by this version of musterq; give a path or an sqlite:/// URL"
        )
    if scheme and scheme != "sqlite":
        raise ValueError(
            f"{location!r}: no storage for {scheme}:// URLs; give a path, sqlite:///file.db or postgresql://..."
        )
    if scheme:
        return _path_of_url(location)
    if not location or "\0" in location:
        raise ValueError(f"{location!r} is no path of a database file")
    return str(Path(location).absolute())


def _path_of_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r}: write sqlite:///relative.db or sqlite:////absolute/path.db, and nothing behind it")
    return str(Path(unquote(parts.path[1:])).absolute())


def _temporary_file() -> str:
    folder = tempfile.mkdtemp(prefix="musterq-")
    atexit.register(_remove, folder, os.getpid())
    return str(Path(folder) / "queue.db")


def _remove(folder: str, pid: int) -> None:
    """Unless this is a forked child, whose parent goes on."""
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)
