"""What is found, and done, where somebody looks after the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class LogPin(msgspec.Struct, frozen=True, kw_only=True):
    """A process that keeps a reader open, so that the write-ahead log cannot be cut.

    ``frame`` tells which state of the log it reads: one that is seen to read the same state twice is no passing reader.
    """

    pid: int
    command: str
    frame: int = 0


class BusyWaits(msgspec.Struct, frozen=True, kw_only=True):
    """How often writers found the database taken by another, and how many seconds they waited; it only goes up."""

    count: int = 0
    seconds: float = 0.0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """When the write-ahead log was last copied into the database, in how long, by which process, and its size then."""

    at: datetime
    seconds: float
    pid: int
    log_bytes: int


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How the database is, at the same small cost at any size.

    Attributes:
        engine: name and version: ``SQLite 3.51.3``.
        database_bytes: its size, without the log.
        free_bytes: how much of that holds nothing now.
        log_bytes: the size of the write-ahead log.
        disk_free_bytes: what this user may still write to the disk; None: the system does not tell.
        copied_at: when the log was last copied into the database, by whatever program.
        last_checkpoint: the last time that one of musterq's processes did it, as it has to where the log has grown.
        busy_waits: of all processes together, as long as the file beside the database that holds it is there.
    """

    engine: str
    database_bytes: int
    free_bytes: int
    log_bytes: int
    disk_free_bytes: int | None = None
    copied_at: datetime | None = None
    last_checkpoint: Checkpoint | None = None
    busy_waits: BusyWaits = BusyWaits()


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an examination of the database looked at.

    Attributes:
        section: what it belongs to, in a word.
        fact: its name, unique.
        verdict: ``ok``, ``warning`` or ``critical``.
        value: what was found: a number, a text, or a list of texts.
        text: the same as a sentence.
        advice: what to do; None: nothing.
    """

    section: str
    fact: str
    verdict: str = "ok"
    value: Any = None
    text: str
    advice: str | None = None


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of a queue that was made.

    Attributes:
        path: where it is.
        bytes: its size.
        tasks: how many tasks it holds.
        given_back: how many of them worker processes were at work on; in the copy they are queued again.
        seconds: how long it took, verifying included.
        verified: whether it was read through and found sound.
        remarks: what is not quite right in it, as it is in the original.
        kept: where the file is that it has replaced; None: there was none.
    """

    path: str
    bytes: int
    tasks: int
    given_back: int = 0
    seconds: float = 0.0
    verified: bool = True
    remarks: tuple[str, ...] = ()
    kept: str | None = None


class Vacuumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a database that was made smaller had, and has: its size in bytes, and how much of that is free."""

    bytes_before: int
    bytes_after: int
    free_before: int
    free_after: int
    seconds: float = 0.0


class Discrepancy(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is kept beside the tasks and is not what a full count gives.

    Attributes:
        what: what kind of thing, in a word: ``tasks``, ``waiting``, ``history`` ...
        where: which one of them.
        kept: the figures that are kept, by their names: those that are wrong.
        counted: what they must be.
    """

    what: str
    where: str
    kept: Mapping[str, Any]
    counted: Mapping[str, Any]
