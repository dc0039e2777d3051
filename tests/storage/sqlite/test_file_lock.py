"""A lock that cannot be had is not taken; a file system without locks is told apart when the file is opened."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from musterq.storage.sqlite.file_lock import close_lock, open_lock, open_to_test, try_lock

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
