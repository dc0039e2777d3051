"""A backup takes the place of a queue that nobody uses; the replaced file is kept."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.liveness import LivenessFolder
from musterq.storage.sqlite.log_readers import command_of
from musterq.storage.sqlite.upkeep import backing_up, replacing
from musterq.storage.sqlite.upkeep.copying import connected

_PATIENCE_SECONDS = 30.0
_NAMED = 3  # workers, in a message
_SHOWN = 100  # characters of a command


def reader_of(driver: Driver, path: str) -> Callable[[Callable[[Connection], None]], None]:
    """Runs work on a connection to a file that is not this storage's own."""

    def read(work: Callable[[Connection], None]) -> None:
        with connected(driver, path) as connection:
            work(connection)

    return read


def check_backup(backup: str, target: str) -> None:
    """Refuse what cannot be a backup of another file, before SQLite would make it.

    Raises:
        QueueDatabaseError: there is no such file, or it is the target itself.
    """
    file = Path(backup)
    if not file.is_file():
        raise QueueDatabaseError(f"there is no backup at {backup}; give the path that musterq backup wrote to")
    if Path(target).exists() and file.samefile(target):
        raise QueueDatabaseError(f"{backup} is the database itself; give the path of a backup")


def check_is_queue(driver: Driver, backup: str) -> None:
    """Refuse another program's file before it is copied.

    Raises:
        QueueSchemaError: it has no tables of ours, or those of a newer musterq.
        QueueDatabaseError: it is no database, or cannot be read.
    """
    with connected(driver, backup) as connection:
        backing_up.check_is_queue(connection, backup)


def check_unused(path: str) -> None:
    """Refuse while a worker process lives; other processes are found when the file is replaced.

    Raises:
        QueueBusyError: the message names them.
    """
    alive = LivenessFolder(path).alive()
    if alive:
        named = ", ".join(alive[:_NAMED]) + (f" and {len(alive) - _NAMED} more" if alive[_NAMED:] else "")
        many = "s" if alive[1:] else ""
        raise QueueBusyError(f"{path} is in use by worker{many} {named}; stop all workers and programs on it first")


def empty_log(driver: Driver, path: str) -> None:
    """Bring what stands in the log of the old file into it, so that it is whole by itself.

    One that is damaged keeps its log beside it, and one that is used is not replaced anyway.
    """
    if not Path(path).exists():
        return
    with contextlib.suppress(QueueDatabaseError), connected(driver, path) as connection:
        connection.run("PRAGMA busy_timeout = 1000")
        connection.row("PRAGMA journal_mode = DELETE")


def take_place(path: str, new: Path) -> str | None:
    """Put ``new`` in the place of the file; the name under which that is kept, or None where there was none.

    Raises:
        QueueBusyError: a process uses it.
        QueueDatabaseError: the files cannot be moved.
    """
    kept = _name_to_keep(path)
    program = [sys.executable, "-I", "-S", replacing.__file__, path, str(new), kept]
    try:
        asked = subprocess.run(program, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise QueueDatabaseError(f"{path}: the file could not be replaced: {error}") from error
    said = json.loads(asked.stdout)
    if "used_by" in said:
        raise QueueBusyError(
            f"{path} is in use by {_process(said['used_by'])}; stop all workers and programs on it first"
        )
    if "error" in said:
        raise QueueDatabaseError(f"{path}: the file could not be replaced: {said['error']}")
    return kept if said["kept"] else None


def _process(pid: int) -> str:
    if pid == os.getpid():
        return "this process itself"
    command = " ".join(command_of(pid).split()) if pid else ""
    return f"process {pid} ({command[:_SHOWN] or 'unknown'})" if pid else "another process"


def _name_to_keep(path: str) -> str:
    name = f"{path}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 1
    free = name
    while any(Path(f"{free}{companion}").exists() for companion in ("", "-wal", "-journal")):
        number += 1
        free = f"{name}-{number}"
    return free
