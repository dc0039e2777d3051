"""SQLite's result codes in words that say what to do."""

from __future__ import annotations

from musterq.errors import QueueBusyError, QueueDatabaseError

BUSY = 5
_LOCKED = 6
_BUSY_SNAPSHOT = BUSY | 2 << 8
_READ_ONLY = 8
_IO_ERROR = 10
_CORRUPT = 11
_FULL = 13
_CAN_NOT_OPEN = 14
_NOT_A_DATABASE = 26
_INDEX_TOO_SMALL = _IO_ERROR | 19 << 8

_ADVICE = {
    BUSY: "the database stayed locked; somebody holds a write transaction open for long",
    _LOCKED: "the database stayed locked; somebody holds a write transaction open for long",
    _READ_ONLY: "the file or its folder may not be written; check owner and permissions of both",
    _IO_ERROR: "the disk reported an error; check the device and the system's log",
    _CORRUPT: "the file is damaged; restore a backup, or rescue what can be with sqlite3's .recover",
    _FULL: "the disk is full; make room and try again, nothing was half written",
    _CAN_NOT_OPEN: "the file cannot be opened; check that its folder is there and may be read and written",
    _NOT_A_DATABASE: "the file is not an SQLite database; give another path",
}


def fault(code: int | None, message: str, location: str) -> QueueDatabaseError:
    """The error to raise for SQLite's (extended) result code; the caller chains the driver's own error."""
    if code == _BUSY_SNAPSHOT:
        return QueueBusyError(
            f"{location}: the open transaction has read before somebody else wrote, and so cannot write any more; "
            "roll it back and begin it with BEGIN IMMEDIATE"
        )
    if code == _INDEX_TOO_SMALL:
        return QueueDatabaseError(
            f"{location}: {message} (no room for the index of the log beside it; {_ADVICE[_FULL]})"
        )
    primary = None if code is None else code & 0xFF
    kind = QueueBusyError if primary in (BUSY, _LOCKED) else QueueDatabaseError
    advice = _ADVICE.get(primary) if primary is not None else None
    return kind(f"{location}: {message}" + (f" ({advice})" if advice else ""))
