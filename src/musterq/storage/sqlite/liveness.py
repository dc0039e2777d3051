"""The lock that dies with a worker: an OS file lock on a file of the folder ``<database>-workers``.

The kernel frees it on any death, SIGKILL and a stopped container included, and after a reboot nobody holds it. No
child keeps it alive.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from pathlib import Path

from musterq.errors import QueueDatabaseError, WorkerIdTakenError
from musterq.storage.sqlite.file_lock import close_lock, open_lock, open_to_test, try_lock

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_TAKE_SECONDS = 0.5  # others may hold it for an instant while they test it


class FileLivenessLock:
    """A held lock."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._holder: int | None = os.getpid()

    def release(self) -> None:
        """Remove the file, then let the lock go; a second time, or in a child, it does nothing."""
        holder, self._holder = self._holder, None
        if holder == os.getpid():
            if _is_at(self._path, self._descriptor):
                self._path.unlink(missing_ok=True)
            close_lock(self._descriptor)


class LivenessFolder:
    """The lock files of one database."""

    def __init__(self, database_path: str) -> None:
        self._database = Path(database_path)
        self._folder = Path(f"{database_path}-workers")

    def take(self, worker_id: str) -> FileLivenessLock:
        """Take the lock of a worker.

        Raises:
            WorkerIdTakenError: a live process holds it.
            QueueDatabaseError: the folder or the file cannot be written.
        """
        path = self._path(worker_id)
        deadline = time.monotonic() + _TAKE_SECONDS
        try:
            self._make_folder()
            while (descriptor := self._take(path)) is None:
                if time.monotonic() > deadline:
                    raise WorkerIdTakenError(
                        f"a live process works as {worker_id!r} already; choose another worker id or stop that process"
                    )
                time.sleep(0.005)
        except OSError as error:
            raise QueueDatabaseError(f"{path}: the liveness lock cannot be taken: {error}") from error
        return FileLivenessLock(path, descriptor)

    def is_free(self, worker_id: str) -> bool:
        """Whether nobody holds the lock of a worker: then its process is dead."""
        try:
            descriptor = open_to_test(self._path(worker_id))
        except FileNotFoundError:
            return True
        except OSError:
            return False  # cannot be tested, so nothing is known
        try:
            return try_lock(descriptor, shared=True)
        finally:
            close_lock(descriptor)

    def _take(self, path: Path) -> int | None:
        """A locked descriptor of the file that is at ``path`` now; None: another holds it or has just removed it."""
        descriptor = open_lock(path, like=self._database)
        if try_lock(descriptor) and _is_at(path, descriptor):
            return descriptor
        close_lock(descriptor)
        return None

    def _path(self, worker_id: str) -> Path:
        return self._folder / f"{lock_name(worker_id)}.lock"

    def _make_folder(self) -> None:
        """Whoever may write the database may test a lock: the folder has its group, and its mode with x beside r."""
        if self._folder.is_dir():
            return
        database = self._database.stat()
        readable = database.st_mode & 0o666
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(OSError):
            os.chown(self._folder, -1, database.st_gid)
        self._folder.chmod(readable | ((readable & 0o444) >> 2) | 0o700)


def lock_name(worker_id: str) -> str:
    """A file name for any worker id, the same on file systems that do not tell upper from lower case."""
    if _SAFE_NAME.fullmatch(worker_id):
        return worker_id
    readable = re.sub(r"[^a-z0-9._-]+", "_", worker_id.lower())[:60].lstrip(".-")
    return f"{readable}={hashlib.sha256(worker_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
