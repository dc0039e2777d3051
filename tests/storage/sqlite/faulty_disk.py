"""A disk that fails on command: errors of reads, writes and syncs, no room, torn writes, and the loss of power."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

from tests.storage.sqlite.apsw_driver import ApswDriver, vfs_numbers

Fault = Literal["read", "write", "sync", "full", "torn", "power"]

_OPERATION = {"read": "read", "write": "write", "sync": "sync", "full": "write", "torn": "write", "power": "change"}
_CODE = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "full": apsw.SQLITE_FULL,
    "torn": apsw.SQLITE_IOERR_WRITE,
    "power": apsw.SQLITE_IOERR,
}
_SECTOR = 512


@dataclass
class _Image:
    """What of a file is on the platter, and what the system still holds back: ``(offset, bytes)``, or a new size."""

    durable: bytearray
    held_back: list[tuple[int, bytes] | int] = field(default_factory=list)


class Disk:
    """Counts operations, and fails at one of them when told. After a loss of power every operation fails."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("read", "write", "sync", "change"), 0)
        self.happened = False
        self.power = True
        self._fault: Fault | None = None
        self._at = 0
        self._images: dict[str, _Image] = {}
        self.vfs = _VFS(self, f"faulty-{next(vfs_numbers)}")
        self.driver = ApswDriver(self.vfs.vfs_name)

    def fail(self, fault: Fault, at: int) -> None:
        """Fail once, at the ``at``-th operation of the fault's kind from now on, counted from 1."""
        self._fault, self._at, self.happened = fault, self.counts[_OPERATION[fault]] + at, False

    def heal(self) -> bool:
        """From now on nothing fails; whether something did."""
        self._fault = None
        return self.happened

    def counted(self, *operations: str) -> Fault | None:
        """Count an operation; the fault that strikes it, if one does (or SQLite's error, where it is all there is)."""
        if not self.power:
            raise apsw.exception_for(apsw.SQLITE_IOERR)
        for operation in operations:
            self.counts[operation] += 1
        fault = self._fault
        if fault is None or _OPERATION[fault] not in operations or self.counts[_OPERATION[fault]] != self._at:
            return None
        self._fault, self.happened = None, True
        if fault == "power":
            self.power = False
        if fault != "torn":
            raise apsw.exception_for(_CODE[fault])
        return fault

    def opened(self, name: str) -> None:
        if name not in self._images:
            path = Path(name)
            self._images[name] = _Image(bytearray(path.read_bytes() if path.exists() else b""))

    def deleted(self, name: str) -> None:
        self._images.pop(name, None)

    def held_back(self, name: str, change: tuple[int, bytes] | int) -> None:
        self._images[name].held_back.append(change)

    def synced(self, name: str) -> None:
        image = self._images[name]
        for change in image.held_back:
            _apply(image.durable, change)
        image.held_back.clear()

    def come_back(self, seed: int) -> None:
        """Power again: what was held back is there in part, by chance, each write maybe torn between sectors."""
        chance = random.Random(seed)
        share = chance.random()
        for name, image in self._images.items():
            for change in image.held_back:
                if chance.random() < share:
                    _apply(image.durable, change)
                elif not isinstance(change, int) and chance.random() < 0.5:
                    _apply(
                        image.durable, (change[0], change[1][: chance.randrange(len(change[1])) // _SECTOR * _SECTOR])
                    )
            Path(name).write_bytes(image.durable)
            Path(f"{name}-shm").unlink(missing_ok=True)
        self._images.clear()
        self.power = True


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class _VFS(apsw.VFS):
    def __init__(self, disk: Disk, name: str) -> None:
        self.disk = disk
        self.vfs_name = name
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's names
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        self.disk.counted("change")
        super().xDelete(filename, syncdir)
        self.disk.deleted(filename)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        disk.opened(self._name)
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.counted("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        written = bytes(data)
        torn = self._disk.counted("write", "change") == "torn"
        if torn:
            written = written[: len(written) // 2]
        super().xWrite(written, offset)
        self._disk.held_back(self._name, (offset, written))
        if torn:
            raise apsw.exception_for(apsw.SQLITE_IOERR_WRITE)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.counted("change")
        super().xTruncate(newsize)
        self._disk.held_back(self._name, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.counted("sync", "change")
        self._disk.synced(self._name)
