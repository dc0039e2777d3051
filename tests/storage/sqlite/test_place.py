"""Where a database file may be, and what is said of a place where it may not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from musterq.errors import QueueDatabaseError, WorkerIdTakenError
from musterq.storage.sqlite import place
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.making import put
from tests.storage.sqlite.nobody import as_nobody
from tests.worker.waiting import until

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /mnt/team rw,relatime shared:2 - nfs4 server:/team rw,vers=4.2
31 30 8:2 / /mnt/team/local rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/with\040space\011tab rw - cifs //server/share rw
33 22 0:42 / /mnt/back\134slash rw - nfs server:/x rw
34 22 0:43 / /mnt/größe-工 rw - fuse.sshfs ada@server:/ rw
35 22 8:1 /srv/data /mnt/bound rw - ext4 /dev/sda1 rw
36 22 0:40 /sub /mnt/bound-nfs rw master:7 propagate_from:2 - nfs4 server:/team rw
37 22 0:44 / /mnt/covered rw - nfs server:/y rw
38 37 8:3 / /mnt/covered rw - btrfs /dev/sdc1 rw
""".lstrip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/ada", "ext4"),
        ("/mnt/team", "nfs4"),
        ("/mnt/team/a/b", "nfs4"),
        ("/mnt/teamwork", "ext4"),
        ("/mnt/team/local/a", "xfs"),
        ("/mnt/with space\ttab/a", "cifs"),
        ("/mnt/back\\slash", "nfs"),
        ("/mnt/größe-工/a", "fuse.sshfs"),
        ("/mnt/bound/a", "ext4"),
        ("/mnt/bound-nfs/a", "nfs4"),
        ("/mnt/covered/a", "btrfs"),
    ],
)
def test_the_mount_that_a_path_is_on(path: str, kind: str) -> None:
    """The deepest one above it; of two on one point the later; names unescaped; optional fields in any number."""
    assert place.mounted_at(path, MOUNTS) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells its mounts in a file")
def test_the_mounts_of_this_machine_are_understood() -> None:
    """The kernel's own file."""
    assert place.file_system_of("/proc/self") == "proc"
    assert place.file_system_of("/") != ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.glusterfs", "lustre", "ceph"])
def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """By name, with what to use instead."""
    monkeypatch.setattr(place, "file_system_of", lambda path: kind)  # none can be mounted here
    with pytest.raises(QueueDatabaseError, match=rf"{kind}.*local disk"):
        place.check_place(str(tmp_path / "queue.db"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_where_it_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in a local folder to a file on the network is on the network."""
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.mkdir()
    (near / "queue.db").symlink_to(far / "queue.db")
    monkeypatch.setattr(place, "file_system_of", lambda path: "nfs4" if path == os.path.realpath(far) else "ext4")
    with pytest.raises(QueueDatabaseError, match="nfs4"):
        place.check_place(str(near / "queue.db"))


def test_a_missing_folder(tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(QueueDatabaseError, match="does not exist; create it"):
        place.check_place(str(tmp_path / "missing" / "queue.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    """The path of a file in it is wanted."""
    with pytest.raises(QueueDatabaseError, match="is a folder"):
        place.check_place(str(tmp_path))


def test_a_good_place_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is made or written by the check."""
    place.check_place(str(tmp_path / "queue.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a fork beside the threads of the test runner
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "answer"),
    [
        (0o666, 0o777, "fine"),
        (0o644, 0o777, "may not be read and written by this user"),
        (0o222, 0o777, "may not be read and written by this user"),
        (0o666, 0o755, "its folder"),
        (None, 0o755, "its folder"),
        (None, 0o777, "fine"),
    ],
)
def test_what_this_user_may(reachable: Path, file_mode: int | None, folder_mode: int, answer: str) -> None:
    """Both are wanted: the file, and the folder, where SQLite keeps its log."""
    path = reachable / "queue.db"
    if file_mode is not None:
        path.touch()
        path.chmod(file_mode)
    reachable.chmod(folder_mode)
    assert answer in as_nobody(lambda: place.check_place(str(path)) or "fine")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_queue_that_is_opened_by_a_link(tmp_path: Path) -> None:
    """It is one queue: a worker's lock is the same by either name, and nothing is put beside the link."""
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.mkdir()
    (near / "link.db").symlink_to(far / "queue.db")
    by_link, by_name = SQLiteStorage(str(near / "link.db")), SQLiteStorage(str(far / "queue.db"))
    put(by_link)
    assert by_link.location == str(near / "link.db")
    assert put(by_name) == 2
    lock = by_link.liveness_lock("w1")
    with pytest.raises(WorkerIdTakenError):
        by_name.liveness_lock("w1")
    lock.release()
    by_link.close()
    by_name.close()
    assert [path.name for path in near.iterdir()] == ["link.db"]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_takes_no_more_tasks(tmp_path: Path, replaced: bool) -> None:  # noqa: FBT001
    """They would be lost without a word: nobody can open the file that this process has."""
    path = tmp_path / "queue.db"
    storage = SQLiteStorage(str(path))
    put(storage)
    for file in tmp_path.glob("queue.db*"):
        if file.is_file():
            file.unlink()
    if replaced:
        other = SQLiteStorage(str(path))
        other.initialize_schema()
        other.close()
    until(lambda: refused(storage))
    storage.close()


def refused(storage: SQLiteStorage) -> bool:
    """Whether a write is refused, which is looked at now and then."""
    try:
        put(storage)
    except QueueDatabaseError as error:
        return "removed or replaced" in str(error)
    return False
