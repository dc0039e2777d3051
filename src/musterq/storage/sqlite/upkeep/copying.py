"""Copying a database while others write to it.

In steps of SQLite's backup, within one read transaction: so the copy is of one moment, and is not begun anew when
somebody writes. A rest after each step leaves disk and processor to the writers. (`VACUUM INTO` works in one piece,
which made writers wait twice as long in the 99th percentile, and cannot tell how far it is.)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.file_lock import share_alike
from musterq.storage.sqlite.queries import query

Progress = Callable[[int, int], None]  # bytes that are done, of how many

STEP_BYTES = 1024 * 1024
REST_SECONDS = 0.002
_COMPANIONS = ("", "-journal", "-wal", "-shm")


def copy(source: Connection, target: Connection, progress: Progress, *, rest: float) -> None:
    """Copy what ``source`` sees now into the empty database ``target``."""
    source.run("BEGIN")  # whoever keeps the reader ends it
    source.rows(query("objects"))  # from here on it is of this moment
    page_bytes = source.row("PRAGMA page_size")[0]

    def told(done: int, total: int) -> None:
        progress(done * page_bytes, total * page_bytes)
        time.sleep(rest)

    target.run("PRAGMA synchronous = OFF")  # it is synced once, at its end
    source.copy_to(target, pages=max(1, STEP_BYTES // page_bytes), progress=told)
    target.row("PRAGMA journal_mode = DELETE")  # one file, which can be read wherever it lies


@contextlib.contextmanager
def file_beside(target: Path, *, like: str) -> Iterator[Path]:
    """An empty file for this user alone in the folder of ``target``; whatever is left of it at the end is removed.

    ``like``: the database that is copied into it, which tells how much room it needs.

    Raises:
        QueueDatabaseError: the folder is not there, or may not be written, or has no room; or, within the block, a
            file could not be written, moved or brought to the disk.
    """
    path = target.with_name(f".{target.name}.partial-{os.getpid()}")
    _check_room(target, like)
    path.unlink(missing_ok=True)  # of a process that was killed, and had our number
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise QueueDatabaseError(f"{target}: no file can be made in its folder ({error.strerror})") from error
    try:
        yield path
    except OSError as error:
        raise QueueDatabaseError(f"{target}: the copy cannot be written ({error.strerror})") from error
    finally:
        for companion in _COMPANIONS:
            Path(f"{path}{companion}").unlink(missing_ok=True)


def finish(path: Path, *, like: str) -> None:
    """Bring a file to the disk, with the mode, and where they are ours to give the group and owner, of another."""
    model = Path(like).stat()
    descriptor = os.open(path, os.O_RDWR)
    try:
        share_alike(descriptor, model, mode=model.st_mode & 0o666)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which files a folder holds, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def connected(driver: Driver, path: str) -> Iterator[Connection]:
    """A connection of its own to a file, closed at the end of the block."""
    connection = driver.connect(path)
    try:
        connection.run("PRAGMA busy_timeout = 10000")
        connection.run("PRAGMA temp_store = MEMORY")
        yield connection
    finally:
        connection.close()


def _check_room(target: Path, source: str) -> None:
    folder = target.parent
    if not folder.is_dir():
        raise QueueDatabaseError(f"{target}: its folder {folder} does not exist; create it or give another path")
    needed, free = Path(source).stat().st_size, shutil.disk_usage(folder).free
    if needed > free:
        raise QueueDatabaseError(
            f"{target}: the copy needs {needed} bytes, and its disk has {free}; make room or give another path"
        )
