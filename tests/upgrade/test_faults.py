"""Files that can be no queue, or cannot be written: a clear error, and not a byte is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.monitoring import QueueMonitoring
from musterq.storage.sqlite import place
from tests.upgrade import older_layout
from tests.upgrade.older_layout import run

PROGRAM = Path(__file__).with_name("fault_program.py")
SKIPPED = 77
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and limits are POSIX")

NO_DATABASES = {
    "text": b"Dear diary, today I was opened as a database.\n" * 100,
    "one byte": b"x",
    "less than any database has": b"y" * 511,
    "zeros": bytes(8192),
    "another header": b"SQLite format 2\0" + bytes(8192),
    "random bytes": bytes(range(256)) * 64,
}

USES: dict[str, Callable[[QueueDatabase], object]] = {
    "initialize": lambda database: database.initialize_schema(),
    "register": lambda database: QueueMonitoring(database).register_worker("worker-01"),
    "metrics": lambda database: QueueMonitoring(database).get_queue_metrics(),
}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; side files that hold no data of the queue are left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-turn", "-shm")))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.stat().st_size}


@pytest.mark.parametrize("content", NO_DATABASES.values(), ids=NO_DATABASES)
@pytest.mark.parametrize("use", USES)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes, use: str) -> None:
    """It is said to be none, with its path, and stays as it was, without side files."""
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with QueueDatabase(path) as database, pytest.raises(QueueDatabaseError, match="not an SQLite database") as caught:
        USES[use](database)
    assert str(path) in str(caught.value)
    assert contents(tmp_path) == {"letter.txt": content}


@pytest.mark.parametrize("size", [100, 512, 4096, 6000])
def test_a_database_that_was_cut_short(tmp_path: Path, size: int) -> None:
    """Half a copy of one is damaged, or none."""
    path = tmp_path / "queue.db"
    older_layout.build(path, journal="delete")
    half = path.read_bytes()[:size]
    path.write_bytes(half)
    with QueueDatabase(path) as database, pytest.raises(QueueDatabaseError):
        database.initialize_schema()
    assert contents(tmp_path) == {"queue.db": half}


def test_a_directory(tmp_path: Path) -> None:
    """It is said, and nothing is put into it."""
    with QueueDatabase(tmp_path) as database, pytest.raises(QueueDatabaseError) as caught:
        database.initialize_schema()
    assert str(tmp_path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder(tmp_path: Path) -> None:
    """It is not made: the message says that it is missing."""
    path = tmp_path / "missing" / "queue.db"
    with QueueDatabase(path) as database:
        for use in (database.initialize_schema, QueueMonitoring(database).get_all_workers):
            with pytest.raises(QueueDatabaseError, match="folder") as caught:
                use()
            assert str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path that goes through a file."""
    (tmp_path / "file").write_text("text")
    with QueueDatabase(tmp_path / "file" / "queue.db") as database, pytest.raises(QueueDatabaseError, match="folder"):
        database.initialize_schema()
    assert contents(tmp_path) == {"file": b"text"}


def test_a_database_of_a_newer_musterq(tmp_path: Path) -> None:
    """It is refused by every use, with the advice to upgrade musterq, and stays as it was."""
    path = tmp_path / "queue.db"
    with QueueDatabase(path) as database:
        database.initialize_schema()
    run(path, "PRAGMA journal_mode = delete; UPDATE musterq_meta SET value = value + 1 WHERE name = 'schema_version'")
    before = path.read_bytes()
    with QueueDatabase(path) as database:
        for use in (database.initialize_schema, QueueMonitoring(database).get_all_workers):
            with pytest.raises(QueueDatabaseError, match="newer"):
                use()
    assert path.read_bytes() == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="musterq-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def attempt(path: Path, *limits: str) -> str:
    """What initialize_schema() says in a process without rights, or under limits; see fault_program.py."""
    process = subprocess.run(
        [sys.executable, str(PROGRAM), str(path), *limits], capture_output=True, text=True, timeout=45, check=False
    )
    if process.returncode == SKIPPED:
        pytest.skip("the user nobody cannot read this checkout")
    assert process.returncode == 0, process.stderr
    return process.stdout


@posix
@pytest.mark.parametrize("old", [True, False], ids=["an older layout", "a new file"])
class TestWithoutTheRightToWrite:
    """As somebody else than the owner."""

    def test_the_file_and_its_folder(self, open_folder: Path, old: bool) -> None:  # noqa: FBT001
        path = self._prepare(open_folder, old=old, file_mode=0o444)
        before = contents(open_folder)
        open_folder.chmod(0o555)
        assert attempt(path, "nobody").startswith("QueueDatabaseError: " + str(path))
        assert contents(open_folder) == before

    def test_the_folder_alone(self, open_folder: Path, old: bool) -> None:  # noqa: FBT001
        path = self._prepare(open_folder, old=old, file_mode=0o666)
        before = contents(open_folder)
        open_folder.chmod(0o555)
        assert attempt(path, "nobody").startswith("QueueDatabaseError: " + str(path))
        assert contents(open_folder) == before

    def test_the_file_alone(self, open_folder: Path, old: bool) -> None:  # noqa: FBT001
        path = self._prepare(open_folder, old=old, file_mode=0o444)
        if not old:
            path.touch(mode=0o444)
        before = contents(open_folder)
        open_folder.chmod(0o777)
        assert "permissions" in attempt(path, "nobody")
        assert contents(open_folder) == before

    def _prepare(self, folder: Path, *, old: bool, file_mode: int) -> Path:
        path = folder / "queue.db"
        if old:
            older_layout.build(path, journal="delete")
            path.chmod(file_mode)
        return path


@posix
def test_a_file_that_may_not_be_read(open_folder: Path) -> None:
    """Neither read nor written."""
    path = open_folder / "queue.db"
    older_layout.build(path, journal="delete")
    path.chmod(0o000)
    before = path.read_bytes() if IS_ROOT else b""
    assert attempt(path, "nobody").startswith("QueueDatabaseError: " + str(path))
    path.chmod(0o600)
    assert path.read_bytes() == before or not IS_ROOT


@posix
@pytest.mark.parametrize("kilobytes", [0, 16, 64, 256, 1024])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_file_that_may_not_grow(tmp_path: Path, journal: str, kilobytes: int) -> None:
    """A limit on the size of files stops the upgrade at some page: the old database is what is left."""
    path = tmp_path / "queue.db"
    older_layout.build(path, journal=journal, more_tasks=10_000)
    before = path.read_bytes()
    said = attempt(path, f"file_kilobytes={len(before) // 1024 + kilobytes if kilobytes else 0}")
    assert said.startswith("QueueDatabaseError: " + str(path))
    assert path.read_bytes() == before
    with QueueDatabase(path) as database:  # and without the limit all goes well
        database.initialize_schema()
        assert sum(QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"].values()) == 10_016


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB, where this system lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if (
        not IS_ROOT
        or shutil.which("mount") is None
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@posix
@pytest.mark.parametrize("free_kilobytes", [0, 40, 400, 1200])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_full_disk(small_disk: Path, journal: str, free_kilobytes: int) -> None:
    """The upgrade says that the disk is full; with room made, it is done, and nothing is lost."""
    path = small_disk / "queue.db"
    older_layout.build(path, journal=journal, more_tasks=10_000)
    before = path.read_bytes()
    filler = small_disk / "filler"
    _fill(filler, free_kilobytes)
    assert "full" in attempt(path)
    assert path.read_bytes() == before
    filler.unlink()
    with QueueDatabase(path) as database:
        database.initialize_schema()
        assert sum(QueueMonitoring(database).get_queue_metrics()["queue_depth_by_status"].values()) == 10_016


def _fill(path: Path, free_kilobytes: int) -> None:
    usage = shutil.disk_usage(path.parent)
    with path.open("wb") as file:
        file.write(bytes(max(0, usage.free - free_kilobytes * 1024)))


@posix
def test_a_full_disk_for_a_new_queue(small_disk: Path) -> None:
    """No half-made queue is left: with room made, it is as any other."""
    filler = small_disk / "filler"
    _fill(filler, 64)
    assert "full" in attempt(small_disk / "queue.db")
    filler.unlink()
    with QueueDatabase(small_disk / "queue.db") as database:
        database.initialize_schema()
        assert QueueMonitoring(database).get_queue_metrics()["total_workers"] == 0


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt/team rw,relatime shared:2 - nfs4 server:/team rw,vers=4.2
31 30 8:2 / /mnt/team/local rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/with\\040space rw - cifs //server/share rw
33 22 0:42 / /mnt/twice rw - nfs server:/twice rw
34 22 8:3 / /mnt/twice rw - btrfs /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ada", "ext4"),
        ("/mnt/team", "nfs4"),
        ("/mnt/team/queues", "nfs4"),
        ("/mnt/teamwork", "ext4"),
        ("/mnt/team/local/queues", "xfs"),
        ("/mnt/with space/queues", "cifs"),
        ("/mnt/twice", "btrfs"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    """The deepest mount above it, and of two on the same point the later."""
    assert place.mounted_at(path, MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"])
def test_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """It is refused by its name, before anything is written there."""
    monkeypatch.setattr(place, "file_system_of", lambda path: kind)  # none can be mounted here
    with QueueDatabase(tmp_path / "queue.db") as database:
        for use in USES.values():
            with pytest.raises(QueueDatabaseError, match=rf"network file system \({kind}\)"):
                use(database)
    assert list(tmp_path.iterdir()) == []
