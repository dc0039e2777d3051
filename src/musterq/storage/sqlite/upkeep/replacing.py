"""Puts another file in the place of a database that nobody uses. Run as a program of its own: TARGET NEW KEPT.

It takes the locks of which every user of the database holds one, so nobody is in it, and nobody comes in meanwhile. A
process that uses databases must not do that itself: it does not meet its own locks, and to close a file lets all of
them go. So this needs nothing but Python. It prints what it came to as JSON: ``kept``, ``used_by`` or ``error``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
import sys
from pathlib import Path

# The bytes that SQLite's file format gives to locks: in the database from its pending byte on, in the index of the log.
_FIRST, _SIZE = 0x40000000, 512
_INDEX_FIRST, _INDEX_SIZE = 120, 9
_USED = (errno.EACCES, errno.EAGAIN)
_COMPANIONS = ("-wal", "-journal")


class InUseError(Exception):
    """A process uses the database."""


def replace(target: str, new: str, kept: str) -> bool:
    """Whether there was a file, which has the name ``kept`` now. Its log goes with it, and the log's index away.

    Should this be interrupted: the old file keeps its name until the new one takes it, in one step (on a file system
    without links it may be left under its new one).

    Raises:
        InUseError: with the id of a process that uses the file, 0 where it is not known.
        OSError: the files cannot be moved.
    """
    there = Path(target).exists()
    lock(target, _FIRST, _SIZE)
    lock(f"{target}-shm", _INDEX_FIRST, _INDEX_SIZE)
    try:
        _move(target, new, kept)
    except OSError:
        _undo(target, kept)
        raise
    _sync(Path(target).parent)
    return there


def _move(target: str, new: str, kept: str) -> None:
    if Path(target).exists():
        _keep(target, kept)
    for companion in _COMPANIONS:
        if Path(f"{target}{companion}").exists():
            Path(f"{target}{companion}").replace(f"{kept}{companion}")
    Path(f"{target}-shm").unlink(missing_ok=True)
    Path(new).replace(target)


def _undo(target: str, kept: str) -> None:
    """Nothing but what was moved has these names."""
    for companion in _COMPANIONS:
        if Path(f"{kept}{companion}").exists():
            Path(f"{kept}{companion}").replace(f"{target}{companion}")
    if Path(target).exists():
        Path(kept).unlink(missing_ok=True)
    elif Path(kept).exists():
        Path(kept).rename(target)


def lock(path: str, first: int, size: int) -> None:
    """Hold a lock that excludes all others, until this process ends."""
    if sys.platform == "win32" or not Path(path).exists():
        return  # there, a file that is open cannot be replaced
    import fcntl

    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, size, first)
    except OSError as error:
        if error.errno in _USED:
            raise InUseError(_holder(descriptor, first, size)) from error
        raise


def _holder(descriptor: int, first: int, size: int) -> int:
    import fcntl

    form, pid_at = ("@hhqqi4x", 4) if sys.platform == "linux" else ("=qqihh", 2)
    wish = (fcntl.F_WRLCK, os.SEEK_SET, first, size, 0)
    wish = wish if pid_at == 4 else (first, size, 0, fcntl.F_WRLCK, os.SEEK_SET)  # noqa: PLR2004
    found = struct.unpack(form, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(form, *wish)))
    return max(0, int(found[pid_at]))


def _keep(target: str, kept: str) -> None:
    try:
        os.link(target, kept)
    except (AttributeError, OSError):  # a system or a file system without links
        Path(target).rename(kept)


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def main(target: str, new: str, kept: str) -> dict[str, object]:
    """What to print."""
    try:
        return {"kept": replace(target, new, kept)}
    except InUseError as error:
        return {"used_by": error.args[0]}
    except OSError as error:
        return {"error": f"{error.strerror}: {error.filename}"}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201  # what the process that started this one reads
