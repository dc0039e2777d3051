"""A lock that cannot be had is not taken; a file system without locks is told apart when the file is opened."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from musterq import TaskQueue
from musterq.storage.sqlite.file_lock import close_lock, open_lock, open_to_test, read_at, try_lock, write_at
from musterq.storage.sqlite.liveness import LivenessFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="flock is not there")


class Refusal:
    """The kernel's `flock`, out of order."""

    def __call__(self, descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.mark.parametrize("shared", [False, True])
def test_a_lock_that_the_kernel_refuses_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, shared: bool):
    """What comes after a commit must not make it look failed."""
    descriptor = open_lock(tmp_path / "lock", like=tmp_path)
    monkeypatch.setattr("fcntl.flock", Refusal())
    assert not try_lock(descriptor, shared=shared)
    close_lock(descriptor)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_belongs_to_whom_the_database_belongs(tmp_path: Path):
    """Else one command of root's would lock him out: no turns, no checkpoints, no workers."""
    database = tmp_path / "queue.db"
    with TaskQueue(database) as queue:
        queue.enqueue("mail")
    os.chown(database, 65534, 65533)
    close_lock(open_lock(tmp_path / "lock", like=database))
    lock = LivenessFolder(str(database)).take("worker-1")
    made = [tmp_path / "lock", tmp_path / "queue.db-workers", tmp_path / "queue.db-workers" / "worker-1.lock"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(65534, 65533)}
    lock.release()


def test_a_note_is_read_and_written_at_its_place(tmp_path: Path):
    """The bytes before it stay, and no byte is changed on its way."""
    descriptor = open_lock(tmp_path / "lock", like=tmp_path)
    write_at(descriptor, b"\r\n\x1a\n", 8)
    assert read_at(descriptor, 100, 8) == b"\r\n\x1a\n"
    close_lock(descriptor)
    assert (tmp_path / "lock").read_bytes() == bytes(8) + b"\r\n\x1a\n"


@pytest.mark.parametrize("how", ["open", "test"])
def test_a_file_system_without_locks_is_told_of_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str):
    """Else whoever waits for a turn would wait for the whole of its time; no descriptor is left open."""
    path = tmp_path / "lock"
    path.touch()
    before = open_descriptors()
    monkeypatch.setattr("fcntl.flock", Refusal())
    with pytest.raises(OSError, match="No locks"):
        open_lock(path, like=tmp_path) if how == "open" else open_to_test(path)
    assert open_descriptors() == before
