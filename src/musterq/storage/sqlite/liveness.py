"""The lock that dies with a worker: an OS file lock on a file of the folder ``<database>-workers``.

The kernel frees it on any death, SIGKILL and a stopped container included, and after a reboot nobody holds it. No
child keeps it alive, but for those in which a worker runs tasks: they die with it, and it is not dead before they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from musterq.errors import QueueDatabaseError, WorkerIdTakenError
from musterq.storage.sqlite.file_lock import close_lock, open_lock, open_to_test, share_alike, try_lock, write_at

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SLOTS = 2048  # of the most threads, and of as many coroutines
_TOKEN = struct.Struct("<Q")
_BEGUN = struct.Struct(f"<{_SLOTS}Q")
_TAKE_SECONDS = 0.5  # others may hold it for an instant while they test it


class FileLivenessLock:
    """A held lock, and in its file the claim that each thread of the worker has begun last.

    The file is mapped, so noting a claim is a write to memory, and the kernel keeps what was written when the process
    is killed at the next instant: who was at work on what is known exactly.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._holder: int | None = os.getpid()
        self._begun = _mapped(path)

    @property
    def shared_with_children(self) -> tuple[int, ...]:
        """Its descriptor: an inherited one keeps the lock, which belongs to the open file."""
        return (self._descriptor,)

    def begin(self, slot: int, token: int) -> None:
        """Note that the thread of this number has begun the claim of this token."""
        if slot < _SLOTS and self._holder is not None:
            _TOKEN.pack_into(self._begun, slot * _TOKEN.size, token)

    def release(self, *, forgotten: bool = True) -> None:
        """Let the lock go; a second time, or in a child, it does nothing.

        Its file goes where the worker is forgotten; else the free lock goes on to tell that its process is dead.
        """
        holder, self._holder = self._holder, None
        if holder == os.getpid():
            if forgotten and _is_at(self._path, self._descriptor):
                self._path.unlink(missing_ok=True)
            self._begun.close()
            close_lock(self._descriptor)


class _Asked(threading.local):
    """Which locks this thread has found free or held, while it remembers that."""

    answers: dict[str, bool] | None = None


class LivenessFolder:
    """The lock files of one database."""

    def __init__(self, database_path: str) -> None:
        self._database = Path(database_path)
        self._folder = Path(f"{database_path}-workers")
        self._asked = _Asked()

    @contextlib.contextmanager
    def asked_once(self) -> Iterator[None]:
        """Within the block, this thread tests each lock once: what it reads of one moment judges a worker alike."""
        if self._asked.answers is not None:
            yield
            return
        self._asked.answers = {}
        try:
            yield
        finally:
            self._asked.answers = None

    def made_folder(self) -> str:
        """Where they are; made if it can be, so that somebody can watch it before the first worker comes."""
        with contextlib.suppress(OSError):
            self._make_folder()
        return str(self._folder)

    def take(self, worker_id: str) -> FileLivenessLock:
        """Take the lock of a worker.

        Raises:
            WorkerIdTakenError: a live process holds it.
            QueueDatabaseError: the folder or the file cannot be written.
        """
        path = self._path(worker_id)
        deadline = time.monotonic() + _TAKE_SECONDS
        try:
            self._make_folder()
            while (descriptor := self._take(path)) is None:
                if time.monotonic() > deadline:
                    raise WorkerIdTakenError(
                        f"a live process works as {worker_id!r} already; choose another worker id or stop that process"
                    )
                time.sleep(0.005)
        except OSError as error:
            raise QueueDatabaseError(f"{path}: the liveness lock cannot be taken: {error}") from error
        return FileLivenessLock(path, descriptor)

    def is_free(self, worker_id: str) -> bool:
        """Whether nobody holds the lock of a worker: then its process is dead.

        Where its file is gone or cannot be tested, nothing is known, and its beats tell.
        """
        answers = self._asked.answers
        if answers is None:
            return _is_free(self._path(worker_id))
        if worker_id not in answers:
            answers[worker_id] = _is_free(self._path(worker_id))
        return answers[worker_id]

    def alive(self) -> list[str]:
        """The names of the lock files that live processes hold."""
        try:
            files = sorted(self._folder.glob("*.lock"))
        except OSError:
            return []
        return [file.stem for file in files if not _is_free(file)]

    def discard(self, worker_id: str) -> None:
        """Remove the file of a dead worker that has been forgotten; a live one keeps its own."""
        path = self._path(worker_id)
        with contextlib.suppress(OSError):
            descriptor = open_to_test(path)
            try:
                if try_lock(descriptor) and _is_at(path, descriptor):
                    path.unlink(missing_ok=True)
            finally:
                close_lock(descriptor)

    def begun(self, worker_id: str) -> list[int] | None:
        """The claim tokens that the threads of a worker have begun last; None: its file is not there."""
        try:
            return [token for token in _BEGUN.unpack(self._path(worker_id).read_bytes()) if token]
        except (OSError, struct.error):
            return None

    def forget_begun(self, worker_id: str) -> None:
        """What a worker of this id had begun before has been dealt with."""
        with contextlib.suppress(OSError), self._path(worker_id).open("r+b") as file:
            file.write(bytes(_BEGUN.size))

    def _take(self, path: Path) -> int | None:
        """A locked descriptor of the file that is at ``path`` now; None: another holds it or has just removed it."""
        descriptor = open_lock(path, like=self._database)
        if try_lock(descriptor) and _is_at(path, descriptor):
            missing = _BEGUN.size - os.fstat(descriptor).st_size
            if missing > 0:  # written, not left as a hole: a full disk is met here, and not when a thread notes a claim
                write_at(descriptor, bytes(missing), _BEGUN.size - missing)
            return descriptor
        close_lock(descriptor)
        return None

    def _path(self, worker_id: str) -> Path:
        return self._folder / f"{lock_name(worker_id)}.lock"

    def _make_folder(self) -> None:
        """Whoever may write the database may test a lock: the folder is shared as it is, with x beside each r."""
        if self._folder.is_dir():
            return
        database = self._database.stat()
        readable = database.st_mode & 0o666
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if sys.platform == "win32":
            return  # there, a folder cannot be opened
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            share_alike(descriptor, database, mode=readable | ((readable & 0o444) >> 2) | 0o700)
        finally:
            os.close(descriptor)


def _is_free(path: Path) -> bool:
    """Whether nobody holds it; False, too, where it is gone or cannot be tested."""
    try:
        descriptor = open_to_test(path)
    except OSError:
        return False
    try:
        return try_lock(descriptor, shared=True)
    finally:
        close_lock(descriptor)


def _mapped(path: Path) -> mmap.mmap:
    """The file, mapped through a descriptor of its own: a map keeps one, which in a child must not keep the lock."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, _BEGUN.size)
    finally:
        os.close(descriptor)


def lock_name(worker_id: str) -> str:
    """A file name for any worker id, the same on file systems that do not tell upper from lower case."""
    if _SAFE_NAME.fullmatch(worker_id):
        return worker_id
    readable = re.sub(r"[^a-z0-9._-]+", "_", worker_id.lower())[:60].lstrip(".-")
    return f"{readable}={hashlib.sha256(worker_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
