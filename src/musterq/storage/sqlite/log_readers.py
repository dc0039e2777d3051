"""Which processes read such an old state of a write-ahead log that it cannot be cut. Run as a program of its own.

It looks at the locks on the index of the log (``-shm``), and must not do so in a process that uses the database: to
close a file lets all POSIX locks go that the process has on it, SQLite's own included. So it needs nothing but Python.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# The index as SQLite's file format has it: how many frames the log has, how many of them are copied into the database,
# and for each of five marks up to which frame its readers read. The locks of these marks are bytes of their own.
_FRAMES_AT, _COPIED_AT, _MARKS_AT, _HEADER_BYTES = 16, 96, 100, 136
_FIRST_LOCK, _MARKS = 123, 5
_LOCKS_OF_ALL = Path("/proc/locks")


def pins(index: str) -> Iterator[tuple[int, int, str]]:
    """The process id, the frame, and the command of each reader that keeps the log from being cut.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(index).open("rb") as file:
        marks = _old_marks(file.read(_HEADER_BYTES))
        holders = _of_all(os.fstat(file.fileno()).st_ino) if _LOCKS_OF_ALL.exists() else asked_of(file.fileno())
        for pid, mark in sorted(set(holders)):
            if mark in marks:
                yield pid, marks[mark], command_of(pid)


def _old_marks(header: bytes) -> dict[int, int]:
    """The marks that are behind the log; readers of mark 0 read none of it, which hinders only until it is copied."""
    (frames,) = struct.unpack_from("=I", header, _FRAMES_AT)
    (copied,) = struct.unpack_from("=I", header, _COPIED_AT)
    read_to = struct.unpack_from(f"={_MARKS}I", header, _MARKS_AT)
    behind = {mark: frame for mark, frame in enumerate(read_to) if mark and frame < frames}
    return {0: 0, **behind} if copied < frames else behind


def _of_all(inode: int) -> Iterator[tuple[int, int]]:
    """Process ids and marks, as Linux lists them; a process of another container has no id here."""
    for line in _LOCKS_OF_ALL.read_text().splitlines():
        words = line.split()
        if len(words) != 8 or words[1] != "POSIX" or words[5].rpartition(":")[2] != str(inode):  # noqa: PLR2004
            continue
        first, last = int(words[6]), int(words[7]) if words[7].isdigit() else _FIRST_LOCK + _MARKS
        for mark in range(_MARKS):
            if first <= _FIRST_LOCK + mark <= last and int(words[4]) > 0:
                yield int(words[4]), mark


def asked_of(descriptor: int) -> Iterator[tuple[int, int]]:
    """The same, asked of the kernel for each mark, which names one holder only."""
    import fcntl

    form, pid_at, kind_at = ("@hhqqi4x", 4, 0) if sys.platform == "linux" else ("=qqihh", 2, 3)
    for mark in range(_MARKS):
        start = _FIRST_LOCK + mark
        wish = (fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0) if kind_at == 0 else (start, 1, 0, fcntl.F_WRLCK, os.SEEK_SET)
        found = struct.unpack(form, fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(form, *wish)))
        if found[kind_at] != fcntl.F_UNLCK and found[pid_at] > 0:
            yield found[pid_at], mark


def command_of(pid: int) -> str:
    """The command line of a process, as far as this user may see it."""
    linux = Path(f"/proc/{pid}/cmdline")
    try:
        if linux.exists():
            return linux.read_bytes().replace(b"\0", b" ").decode(errors="backslashreplace").strip()
        asked = subprocess.run(  # noqa: S603
            ["ps", "-p", str(pid), "-o", "command="],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return asked.stdout.strip()


if __name__ == "__main__":
    print(json.dumps(list(pins(sys.argv[1]))))  # noqa: T201  # what the process that started this one reads
