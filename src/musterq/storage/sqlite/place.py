"""Where a database file may be: what is wrong with a path is said before SQLite touches it."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from musterq.errors import QueueDatabaseError

_NETWORK = frozenset(
    (
        *("afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.glusterfs", "fuse.sshfs", "glusterfs", "gpfs"),
        *("lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "webdav"),
    )
)
SIDE_SUFFIXES = ("-wal", "-shm", "-journal", "-turn", "-checkpoint", "-workers")  # of what stands beside a database
_LOOK_SECONDS = 0.02
_SMALLEST_DATABASE = 512  # bytes: SQLite takes a shorter file as empty, and would write over it


def check_place(path: str) -> None:
    """Check a path before it is opened; nothing is written, and the file itself is not even opened here.

    (Closing any descriptor of a file drops all POSIX locks that this process has on it, SQLite's included.)

    Raises:
        QueueDatabaseError: no folder, a folder in its place, no permission, a network file system.
    """
    try:
        _check_place(path, Path(os.path.realpath(path)))  # SQLite keeps its log beside the file that links lead to
    except OSError as error:
        raise QueueDatabaseError(
            f"{path} cannot be looked at by this user ({error.strerror}); check the permissions"
        ) from error


def _check_place(path: str, file: Path) -> None:
    folder = file.parent
    if not folder.is_dir():
        raise QueueDatabaseError(f"{path}: its folder {folder} does not exist; create it or give another path")
    if file.is_dir():
        raise QueueDatabaseError(f"{path} is a folder; give the path of a file in it")
    kind = file_system_of(str(folder))
    if kind in _NETWORK:
        raise QueueDatabaseError(
            f"{path} is on a network file system ({kind}), whose locks SQLite cannot trust; use a local disk"
        )
    _check_permissions(file, folder)
    if file.exists() and 0 < file.stat().st_size < _SMALLEST_DATABASE:
        raise QueueDatabaseError(f"{path} is not an SQLite database; give another path")


def check_replaceable(path: Path) -> None:
    """Check a path before another file takes its place.

    Raises:
        QueueDatabaseError: it is a device, a pipe or a socket.
    """
    if path.exists() and not path.is_file():
        raise QueueDatabaseError(f"{path} is no ordinary file; give the path of one")


def is_new(path: str) -> bool:
    """Whether there is no file yet, or an empty one."""
    file = Path(path)
    return not file.exists() or file.stat().st_size == 0


class OpenedFile:
    """Remembers which file was opened: what is written to one that was removed or replaced is lost to everybody."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._opened: tuple[int, int] | None = None
        self._next_look = 0.0

    def check(self) -> None:
        """Look now and then whether it is still there; the first time that it is seen, remember it.

        Raises:
            QueueDatabaseError: it is gone, or another file is in its place.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        there = _identity(self._path)
        if self._opened is None:
            self._opened = there
        elif there != self._opened:
            raise QueueDatabaseError(
                f"{self._path} was removed or replaced while this queue had it open; open the queue again"
            )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def file_system_of(path: str) -> str:
    """The type of the file system that a real path is on, where the system tells it; else an empty text."""
    if sys.platform != "linux":
        return ""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return mounted_at(path, mounts)


def mounted_at(path: str, mountinfo: str) -> str:
    """The file system type of the deepest mount point above ``path``, in the format of proc_pid_mountinfo(5)."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4])
        above = path == point or path.startswith(point.rstrip("/") + "/")
        if above and len(point) >= len(best):  # a later mount of the same point covers the earlier one
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(field: str) -> str:
    """A space, tab, line feed or backslash stands there as its octal number."""
    return re.sub(r"\\([0-7]{3})", lambda number: chr(int(number[1], 8)), field)


def _check_permissions(file: Path, folder: Path) -> None:
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        raise QueueDatabaseError(f"{file} may not be read and written by this user; check its owner and permissions")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise QueueDatabaseError(
            f"{file}: its folder {folder} may not be written by this user, and SQLite keeps its log there; "
            "check its permissions"
        )
