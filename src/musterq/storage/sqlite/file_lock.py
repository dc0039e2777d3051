"""A lock on an open file that the kernel frees when its process dies; what differs between systems is here.

`flock` on Linux, macOS and BSD: it belongs to the open file, so a child that inherits the descriptor would share it and
keep it. A fork closes the child's copies, and programs that are started inherit none.
On Windows `msvcrt.locking` of the first byte, which belongs to the process.

(Python lets no program that is started inherit a descriptor unless that is asked for.)
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:  # noqa: ARG001 - there are no shared ones
        """Take the lock without waiting; False if another holds it."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Take the lock without waiting; False if another holds it, or if the kernel refuses."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


_opened: set[int] = set()
_no_fork = threading.RLock()
_READ_WRITE = os.O_RDWR | getattr(os, "O_BINARY", 0)  # Windows else changes what looks like the end of a line


def open_lock(path: str | os.PathLike[str], *, like: str | os.PathLike[str]) -> int:
    """A descriptor of a lock file, made if missing with the mode and group of the file ``like``.

    Raises:
        OSError: it can be neither made nor opened, or its file system has no locks.
    """
    with _no_fork:
        descriptor = _make(path, like)
        if descriptor is None:
            descriptor = os.open(path, _READ_WRITE | os.O_CREAT, 0o666)
        return _checked(descriptor)


def open_to_test(path: str | os.PathLike[str]) -> int:
    """A descriptor of a lock file that is there.

    Raises:
        OSError: it is not, or may not be read, or its file system has no locks.
    """
    with _no_fork:
        return _checked(os.open(path, os.O_RDONLY))


def close_lock(descriptor: int) -> None:
    """Close it, which lets its lock go."""
    with _no_fork:
        _opened.discard(descriptor)
        os.close(descriptor)


def _checked(descriptor: int) -> int:
    """Let go of what is not held, which only a file system without locks refuses."""
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    except OSError:
        os.close(descriptor)
        raise
    _opened.add(descriptor)
    return descriptor


def _make(path: str | os.PathLike[str], like: str | os.PathLike[str]) -> int | None:
    try:
        descriptor = os.open(path, _READ_WRITE | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    with contextlib.suppress(OSError):  # the model may be gone
        model = Path(like).stat()
        share_alike(descriptor, model, mode=model.st_mode & 0o666)
    return descriptor


def share_alike(descriptor: int, model: os.stat_result, *, mode: int) -> None:
    """Give an open file or folder a mode, and the group and owner of another, where they are ours to give."""
    if not hasattr(os, "fchown"):
        return
    for owner, group in ((-1, model.st_gid), (model.st_uid, -1)):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner, group)
    with contextlib.suppress(OSError):  # a file system without modes
        os.fchmod(descriptor, mode)


def read_at(descriptor: int, size: int, at: int) -> bytes:
    """Read so many bytes from there on, fewer at the end; the descriptor is one thread's own."""
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, size)


def write_at(descriptor: int, written: bytes, at: int) -> None:
    """Write from there on; the descriptor is one thread's own."""
    os.lseek(descriptor, at, os.SEEK_SET)
    os.write(descriptor, written)


def hold() -> None:
    """Before a fork: no descriptor is opened or closed until `let_go`."""
    _no_fork.acquire()


def let_go() -> None:
    """After it, in the parent."""
    _no_fork.release()


def close_in_child() -> None:
    """After it, in the child, which shares the parent's locks as long as it has their descriptors."""
    for descriptor in _opened:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _opened.clear()
    _no_fork.release()
