"""What is noted in the lock files beside a database: how long writers waited, and the last copy of the log.

Whoever holds the file's lock writes its note, so a note costs no lock and no commit of its own, and outlives every
process. The first byte is left to locks: on Windows nobody else can read it while it is locked.
"""

from __future__ import annotations

import contextlib
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

from musterq.storage.sqlite.file_lock import read_at, write_at
from musterq.upkeep import BusyWaits, Checkpoint

_AT = 8
_WAITS = struct.Struct("<QQ")  # how many, and how many nanoseconds together
_CHECKPOINT = struct.Struct("<ddQQ")  # when it ended, its seconds, of which process, and how long the log was


def add_wait(descriptor: int, seconds: float) -> None:
    """Count a wait for the write lock, by whoever has his turn."""
    with contextlib.suppress(OSError):  # a full disk: the wait is over all the same
        count, nanoseconds = _waits(read_at(descriptor, _WAITS.size, _AT))
        write_at(descriptor, _WAITS.pack(count + 1, nanoseconds + int(seconds * 1e9)), _AT)


def waits(turns: str) -> BusyWaits:
    """How often and for how long writers have waited, since the file is there."""
    count, nanoseconds = _waits(_read(turns))
    return BusyWaits(count=count, seconds=nanoseconds / 1e9)


def note_checkpoint(descriptor: int, *, ended: float, seconds: float, log_bytes: int) -> None:
    """Note that the log has been copied, by whoever is elected to do it."""
    with contextlib.suppress(OSError):
        write_at(descriptor, _CHECKPOINT.pack(ended, seconds, os.getpid(), log_bytes), _AT)


def last_checkpoint(election: str) -> Checkpoint | None:
    """The last copy of the log that one of musterq's processes made; None: there was none yet."""
    noted = _read(election)
    if len(noted) < _CHECKPOINT.size:
        return None
    ended, seconds, pid, log_bytes = _CHECKPOINT.unpack(noted[: _CHECKPOINT.size])
    return Checkpoint(at=datetime.fromtimestamp(ended, UTC), seconds=seconds, pid=pid, log_bytes=log_bytes)


def _waits(noted: bytes) -> tuple[int, int]:
    if len(noted) < _WAITS.size:
        return 0, 0
    count, nanoseconds = _WAITS.unpack(noted[: _WAITS.size])
    return count, nanoseconds


def _read(path: str) -> bytes:
    """No lock goes when this is closed: these locks belong to the open file, unlike those of the database itself."""
    try:
        with Path(path).open("rb") as file:
            file.seek(_AT)
            return file.read(_CHECKPOINT.size)
    except OSError:
        return b""
