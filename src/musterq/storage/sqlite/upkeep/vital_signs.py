"""How the file is by its own account: which SQLite, which modes, its log, how long writers wait, what is free in it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from musterq.storage.sqlite.checkpointing import URGENT_BYTES, has_reset_race
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reclaiming import LEAST_PAGES
from musterq.storage.sqlite.upkeep import surroundings
from musterq.storage.sqlite.upkeep.surroundings import amount
from musterq.upkeep import Checkpoint, Condition, Fact, LogPin

LONG_WAIT_SECONDS = 1.0
_FREE_SHARE = 0.25
_MODES = {0: "none", 1: "full", 2: "incremental"}


class Patient(NamedTuple):
    """Whom we look at, and with what."""

    path: str
    driver: Driver
    durability: str
    condition: Condition
    pins: Callable[[], list[LogPin]]


def library(driver: Driver) -> Fact:
    """Which SQLite, and whether it has the race of checkpoints."""
    version = ".".join(map(str, driver.version()))
    fact = Fact(section="versions", fact="engine", value=version, text=f"SQLite {version}")
    if not has_reset_race(driver.version()):
        return fact
    advice = (
        "on your own connections to it run PRAGMA wal_autocheckpoint=0, or use a Python with SQLite 3.51.3 or newer"
    )
    text = (
        f"SQLite {version} can lose commits where two connections copy the log at once (3.7.0 to 3.51.2); "
        "musterq's connections keep out of one another's way"
    )
    return Fact(section="versions", fact="engine", value=version, text=text, advice=advice)


def file(connection: Connection, patient: Patient) -> Iterator[Fact]:
    """Its modes, where it lies, who may use it, and whether it is a copy."""
    mode = connection.row("PRAGMA journal_mode")[0]
    page_bytes, vacuum = (connection.row(f"PRAGMA {name}")[0] for name in ("page_size", "auto_vacuum"))
    advice = (
        None if mode == "wal" else "the next write by musterq switches it to WAL, if nothing else uses the file then"
    )
    yield Fact(
        section="file",
        fact="journal_mode",
        verdict="ok" if mode == "wal" else "warning",
        value=mode,
        text=f"journal mode {mode}",
        advice=advice,
    )
    yield Fact(section="file", fact="page_size", value=page_bytes, text=f"pages of {page_bytes} bytes")
    yield _auto_vacuum(vacuum, patient.path)
    kept = "any crash of a program" if patient.durability == "normal" else "the loss of power, too"
    yield Fact(
        section="file",
        fact="durability",
        value=patient.durability,
        text=f"durability {patient.durability} here: what was acknowledged survives {kept}",
    )
    yield surroundings.file_system(patient.path)
    yield surroundings.permissions(patient.path)
    yield from _origin(connection)


def _auto_vacuum(vacuum: int, path: str) -> Fact:
    mode = _MODES.get(vacuum, "none")
    if mode == "incremental":
        text = "free pages can be given back while others write (auto_vacuum incremental)"
        return Fact(section="file", fact="auto_vacuum", value=mode, text=text)
    return Fact(
        section="file",
        fact="auto_vacuum",
        value=mode,
        text=f"free pages are kept for later use (auto_vacuum {mode})",
        advice=f"musterq vacuum --full --database {shlex.quote(path)} switches it on; writers wait meanwhile",
    )


def _origin(connection: Connection) -> Iterator[Fact]:
    row = connection.row(query("copied_from"))
    if row is not None:
        origin = json.loads(row[0])
        text = f"this queue is a copy of {origin['of']}, made at {origin['at_utc']} UTC"
        yield Fact(section="file", fact="copy", value=origin, text=text)


def log(patient: Patient) -> Iterator[Fact]:
    """How long the write-ahead log is, when it was copied, and who keeps it from being cut."""
    large = patient.condition.log_bytes > URGENT_BYTES
    readers = _long_readers(patient.pins)
    yield _log_bytes(patient.condition.log_bytes, large=large, read=bool(readers))
    yield _last_checkpoint(patient.condition.last_checkpoint)
    yield _readers(readers, large=large)


def _log_bytes(size: int, *, large: bool, read: bool) -> Fact:
    advice = (
        "see below who reads for long, and end that transaction"
        if read
        else "musterq's next writes cut it; if it stays so long while they go on, look for a long write transaction"
    )
    return Fact(
        section="log",
        fact="log_bytes",
        verdict="warning" if large else "ok",
        value=size,
        text=f"the write-ahead log has {amount(size)}",
        advice=advice if large else None,
    )


def _last_checkpoint(last: Checkpoint | None) -> Fact:
    if last is None:
        text = "musterq had no need yet to copy it into the database, since it was never long"
        return Fact(section="log", fact="last_checkpoint", text=text)
    ago = max(0.0, (datetime.now(UTC) - last.at).total_seconds())
    return Fact(
        section="log",
        fact="last_checkpoint",
        value={"seconds_ago": round(ago, 3), "pid": last.pid, "seconds": last.seconds, "log_bytes": last.log_bytes},
        text=f"it was last copied {ago:,.0f} s ago by process {last.pid}, in {last.seconds * 1000:,.0f} ms",
    )


def _readers(readers: list[LogPin], *, large: bool) -> Fact:
    named = [f"process {pin.pid} ({pin.command or 'unknown'})" for pin in readers]
    if not named:
        return Fact(section="log", fact="long_readers", value=[], text="nobody keeps the log from being cut")
    return Fact(
        section="log",
        fact="long_readers",
        verdict="warning" if large else "ok",
        value=named,
        text=f"an old state of the log is read by {', '.join(named)}",
        advice="a read transaction that stays open makes the log grow: end it",
    )


def _long_readers(pins: Callable[[], list[LogPin]]) -> list[LogPin]:
    """Those who read the same old state at two looks; each look takes some time."""
    before = {(pin.pid, pin.frame) for pin in pins()}
    return [pin for pin in pins() if (pin.pid, pin.frame) in before] if before else []


def waits(condition: Condition) -> Fact:
    """How long writers waited for one another."""
    waits = condition.busy_waits
    average = waits.seconds / waits.count if waits.count else 0.0
    value = {"count": waits.count, "seconds": round(waits.seconds, 6)}
    if not waits.count:
        return Fact(section="writers", fact="busy_waits", value=value, text="no writer has ever waited for another")
    long = average > LONG_WAIT_SECONDS
    return Fact(
        section="writers",
        fact="busy_waits",
        verdict="warning" if long else "ok",
        value=value,
        text=f"writers have waited {waits.count:,} times for another, {average * 1000:,.1f} ms on average",
        advice="somebody keeps write transactions open for long: make them shorter" if long else None,
    )


def space(connection: Connection, patient: Patient) -> Iterator[Fact]:
    """What is free in the file, and on its disk."""
    condition = patient.condition
    page_bytes = connection.row("PRAGMA page_size")[0]
    share = condition.free_bytes / max(condition.database_bytes, 1)
    much = share > _FREE_SHARE and condition.free_bytes > LEAST_PAGES * page_bytes
    yield Fact(
        section="space",
        fact="free_bytes",
        verdict="warning" if much else "ok",
        value=condition.free_bytes,
        text=f"{amount(condition.free_bytes)} of {amount(condition.database_bytes)} are free",
        advice=f"musterq vacuum --database {shlex.quote(patient.path)} gives them back" if much else None,
    )
    yield surroundings.room(condition.disk_free_bytes, condition.database_bytes)
