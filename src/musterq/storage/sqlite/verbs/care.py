"""The file as a patient."""

from __future__ import annotations

import os
import time
from pathlib import Path

from musterq.errors import QueueDatabaseError
from musterq.records import Backup, Condition, Vacuumed
from musterq.storage.sqlite import backing_up, condition, rebuilding, restoring
from musterq.storage.sqlite.copying import REST_SECONDS, Progress, file_beside, sync_folder
from musterq.storage.sqlite.place import check_place
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.verbs.frame import Frame


class CareVerbs(Frame):
    """The verbs of care."""

    @verb
    def condition(self) -> Condition:
        return self._read(lambda connection: condition.condition(connection, self._file, self._driver.version()))

    @verb
    def backup(self, target: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        began = time.monotonic()
        path = self._checked_target(target, replace=replace)
        with file_beside(path, like=self._file) as new:
            written = backing_up.write_copy(
                self._sessions.read_committed,
                self._path,
                new,
                self._driver,
                self.clock,
                verify=verify,
                progress=progress,
                rest=REST_SECONDS,
            )
            new.replace(path)
        sync_folder(path.parent)
        return _told(path, written, verify=verify, began=began)

    @verb
    def restore(self, backup: str, *, replace: bool, verify: bool, progress: Progress) -> Backup:
        began = time.monotonic()
        restoring.check_backup(backup, self._file)
        check_place(self._file)
        if Path(self._file).exists() and not replace:
            raise QueueDatabaseError(
                f"there is a file at {self._path}; it is replaced only if that is asked for, and kept beside"
            )
        restoring.check_unused(self._file)
        path = Path(self._file)
        with file_beside(path, like=backup) as new:
            written = backing_up.write_copy(
                restoring.reader_of(self._driver, backup),
                backup,
                new,
                self._driver,
                self.clock,
                verify=verify,
                progress=progress,
                rest=0.0,
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

    def _checked_target(self, target: str, *, replace: bool) -> Path:
        path = Path(os.path.realpath(target))
        if path.is_dir():
            raise QueueDatabaseError(f"{target} is a folder; give the path of a file in it")
        if not path.exists():
            return path
        if path.samefile(self._file):
            raise QueueDatabaseError(f"{target} is the database itself; give another path")
        if not replace:
            raise QueueDatabaseError(f"there is a file at {target}; it is replaced only if that is asked for")
        restoring.check_unused(str(path))
        return path


def _told(
    path: Path, written: backing_up.Copy, *, verify: bool, began: float, kept: str | None = None
) -> Backup:
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
