"""The file as a patient."""

from __future__ import annotations

import os
import time
from pathlib import Path

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite import condition, log_pins
from musterq.storage.sqlite.place import SIDE_SUFFIXES, check_place, check_replaceable, is_new
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.upkeep import backing_up, examining, rebuilding, restoring
from musterq.storage.sqlite.upkeep.copying import REST_SECONDS, Progress, connected, file_beside, sync_folder
from musterq.storage.sqlite.upkeep.vital_signs import Patient
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.upkeep import Backup, Condition, Fact, Vacuumed


class CareVerbs(Frame):
    """The verbs of care."""

    @verb
    def condition(self) -> Condition:
        return self._read(lambda connection: condition.condition(connection, self._file, self._driver.version()))

    @verb
    def examine(self, *, deep: bool) -> list[Fact]:
        self._check_is_there()
        found = self.condition()
        durability = str(self._opening["durability"])
        patient = Patient(self._file, self._driver, durability, found, lambda: log_pins.log_pins(self._file))
        with connected(self._driver, self._file) as connection:  # one that has no plans from before the schema changed
            return list(examining.facts(connection, patient, deep=deep))

    @verb
    def backup(self, target: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        began = time.monotonic()
        self._check_is_queue()
        path = self._checked_target(target, replace=replace)
        with file_beside(path, like=self._file) as new:
            written = backing_up.write_copy(
                self._sessions.read_committed,
                self._path,
                new,
                self._driver,
                self.clock,
                terms=backing_up.Terms(like=self._file, verify=verify, progress=progress, rest=REST_SECONDS),
            )
            new.replace(path)
        sync_folder(path.parent)
        return _told(path, written, verify=verify, began=began)

    @verb
    def restore(self, backup: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        began = time.monotonic()
        restoring.check_backup(backup, self._file)
        check_place(self._file)
        check_replaceable(Path(self._file))
        if Path(self._file).exists() and not replace:
            raise QueueDatabaseError(
                f"there is a file at {self._path}; replace=True (or --force) replaces it, and keeps it beside"
            )
        restoring.check_unused(self._file)
        restoring.check_is_queue(self._driver, backup)
        path = Path(self._file)
        like = self._file if path.exists() else backup
        with file_beside(path, like=backup) as new:
            written = backing_up.write_copy(
                restoring.reader_of(self._driver, backup),
                backup,
                new,
                self._driver,
                self.clock,
                terms=backing_up.Terms(like=like, verify=verify, progress=progress, to_be_used=True),
            )
            restoring.empty_log(self._driver, self._file)
            kept = restoring.take_place(self._file, new)
        return _told(path, written, verify=verify, began=began, kept=kept)

    @verb
    def rebuild(self) -> Vacuumed:
        began = time.monotonic()
        before = self.condition()
        self._sessions.alone(rebuilding.rebuild)
        after = self.condition()
        return Vacuumed(
            bytes_before=before.database_bytes,
            bytes_after=after.database_bytes,
            free_before=before.free_bytes,
            free_after=after.free_bytes,
            seconds=time.monotonic() - began,
        )

    def _check_is_queue(self) -> None:
        """Without upgrading it, since who is about to do that makes a backup first."""
        self._check_is_there()
        self._sessions.read_committed(lambda connection: backing_up.check_is_queue(connection, self._path))

    def _check_is_there(self) -> None:
        check_place(self._path)
        if is_new(self._path):
            raise QueueDatabaseError(f"there is no queue at {self._path}; give the path of one")

    def _checked_target(self, target: str, *, replace: bool) -> Path:
        path = Path(os.path.realpath(target))
        if path.is_dir():
            raise QueueDatabaseError(f"{target} is a folder; give the path of a file in it")
        if path == Path(self._file) or (path.exists() and path.samefile(self._file)):
            raise QueueDatabaseError(f"{target} is the database itself; give another path")
        if str(path) in {f"{self._file}{suffix}" for suffix in SIDE_SUFFIXES}:
            raise QueueDatabaseError(f"{target} belongs to the database; give another path")
        check_replaceable(path)
        if any(Path(f"{path}{companion}").exists() for companion in ("-wal", "-journal")):
            raise QueueDatabaseError(f"{target} is in use by a program, or was left by one; give another path")
        if not path.exists():
            return path
        if not replace:
            raise QueueDatabaseError(f"there is a file at {target}; give another path, or replace=True (or --force)")
        restoring.check_unused(str(path))
        return path


def _told(path: Path, written: backing_up.Copy, *, verify: bool, began: float, kept: str | None = None) -> Backup:
    return Backup(
        path=str(path),
        bytes=path.stat().st_size,
        tasks=written.tasks,
        given_back=written.given_back,
        seconds=time.monotonic() - began,
        verified=verify,
        remarks=written.remarks,
        kept=kept,
    )
