"""Copies of a file that others write to, files that are damaged, and files that are in use."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.storage import open_storage
from musterq.storage.base import Storage
from musterq.storage.sqlite.upkeep import replacing
from musterq.upkeep import Backup
from tests.storage.long_reader import reading
from tests.storage.making import put
from tests.storage.sqlite.running import PROGRAM
from tests.storage.sqlite.soundness import check_soundness
from tests.upgrade import older_layout

WRITE_SECONDS = 3.0
ENOUGH_COPIES = 3


def nobody(done: int, total: int) -> None:
    """Who is told of progress."""


def back_up(storage: Storage, target: Path, *, replace: bool = False, verify: bool = True) -> Backup:
    return storage.backup(str(target), replace=replace, verify=verify, progress=nobody)


def restore(backup: Path, path: str | Path) -> Backup:
    return open_storage(path).restore(str(backup), replace=True, verify=True, progress=nobody)


def damage(path: str | Path, text: bytes) -> None:
    """Overwrite every page that holds the text; nobody has the file open."""
    content = bytearray(Path(path).read_bytes())
    pages = [at for at in range(2048, len(content), 2048) if text in content[at : at + 2048]]
    assert pages
    for at in pages:
        content[at : at + 64] = b"\xa5" * 64
    Path(path).write_bytes(content)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A queue one page of whose tasks is spoilt."""
    path = tmp_path / "damaged.db"
    storage = open_storage(path)
    storage.initialize_schema()
    for n in range(100):
        put(storage, payload=f'"needle-{n}"')
    storage.close()
    damage(path, b"needle-50")
    return path


@pytest.fixture
def writers(storage: Storage) -> Iterator[Callable[[], bool]]:
    """Two processes that enqueue at full speed for some seconds; tells whether they still do."""
    arguments = [sys.executable, str(PROGRAM), storage.location, "produce_for"]
    processes = [
        subprocess.Popen(
            [*arguments, name, str(WRITE_SECONDS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    yield lambda: any(process.poll() is None for process in processes)
    for process in processes:
        process.communicate(timeout=50)
        assert process.returncode == 0


def test_copies_while_others_write(storage: Storage, writers: Callable[[], bool], tmp_path: Path):
    """Each is of one moment: sound, and of each writer without a gap."""
    copies = []
    while writers() or len(copies) < ENOUGH_COPIES:
        copies.append(tmp_path / f"copy-{len(copies)}.db")
        back_up(storage, copies[-1])
    held = []
    for copy in (copies[0], copies[1], copies[-1]):
        check_soundness(str(copy))
        with sqlite3.connect(copy) as connection:
            payloads = {payload for (payload,) in connection.execute("SELECT payload FROM task_queue")}
        connection.close()
        for name in ("a", "b"):
            numbers = [int(payload.strip('"').partition("-")[2]) for payload in payloads if payload[1] == name]
            assert sorted(numbers) == list(range(len(numbers)))
        held.append(len(payloads))
    assert held == sorted(held)
    assert held[0] < held[-1]


def test_a_copy_is_one_file(storage: Storage, tmp_path: Path):
    """Without a log beside it, with the mode of its original."""
    put(storage)
    Path(storage.location).chmod(0o640)
    (folder := tmp_path / "copies").mkdir()
    back_up(storage, folder / "copy.db")
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert (folder / "copy.db").stat().st_mode & 0o777 == 0o640
    with sqlite3.connect(f"file:{folder / 'copy.db'}?mode=ro&immutable=1", uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM task_queue").fetchone() == (1,)
    connection.close()


def test_a_damaged_file_gives_no_backup(damaged: Path, tmp_path: Path):
    """Unless it is not to be verified."""
    storage = open_storage(damaged)
    with pytest.raises(QueueDatabaseError, match="is damaged"):
        back_up(storage, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    made = back_up(storage, tmp_path / "copy.db", verify=False)
    storage.close()
    assert not made.verified
    assert [remark.startswith("it is damaged") for remark in made.remarks] == [True]


@pytest.mark.parametrize("deep", [False, True])
def test_damage_is_found(damaged: Path, deep: bool):  # noqa: FBT001
    """By reading the file through."""
    storage = open_storage(damaged)
    (fact,) = [fact for fact in storage.examine(deep=deep) if fact.fact == "integrity"]
    storage.close()
    assert fact.verdict == "critical"
    assert fact.advice is not None
    assert f"musterq restore BACKUP --force --database {damaged}" in fact.advice


def test_an_index_that_lacks_rows_is_found_by_the_deep_look_alone(storage: Storage, shell: sqlite3.Connection):
    """Which compares it with its table."""
    put(storage)
    shell.execute("PRAGMA writable_schema = ON")
    where = "type = 'index' AND name = 'task_scheduled'"
    shell.execute(f"UPDATE sqlite_master SET sql = replace(sql, '''scheduled''', '''queued''') WHERE {where}")
    shell.execute("PRAGMA writable_schema = RESET")
    verdicts = {deep: {fact.fact: fact.verdict for fact in storage.examine(deep=deep)} for deep in (False, True)}
    shell.execute("PRAGMA writable_schema = ON")
    shell.execute(f"UPDATE sqlite_master SET sql = replace(sql, '''queued''', '''scheduled''') WHERE {where}")
    shell.execute("PRAGMA writable_schema = RESET")
    assert (verdicts[False]["integrity"], verdicts[True]["integrity"]) == ("ok", "critical")


def test_a_damaged_backup_replaces_nothing(storage: Storage, damaged: Path):
    """Nor is anything left beside."""
    put(storage)
    before = sorted(path.name for path in Path(storage.location).parent.iterdir())
    with pytest.raises(QueueDatabaseError, match="is damaged"):
        restore(damaged, storage.location)
    assert sorted(path.name for path in Path(storage.location).parent.iterdir()) == before
    assert sum(storage.task_counts().values()) == 1


def test_a_damaged_queue_is_replaced(storage: Storage, damaged: Path, tmp_path: Path):
    """As it is, it is kept; and so is one that is no database any more."""
    put(storage)
    back_up(storage, tmp_path / "copy.db")
    spoilt = damaged.read_bytes()
    first = restore(tmp_path / "copy.db", damaged)
    assert first.kept is not None
    assert Path(first.kept).read_bytes()[2048:] == spoilt[2048:]
    damaged.write_bytes(b"not a database" * 1000)
    assert restore(tmp_path / "copy.db", damaged).kept not in (None, first.kept)
    check_soundness(str(damaged))


@pytest.mark.skipif(sys.platform == "win32", reason="there, an open file cannot be replaced anyway")
def test_a_queue_that_another_process_has_open_is_not_replaced(storage: Storage, tmp_path: Path):
    """It is named."""
    put(storage)
    for name in ("copy.db", "open.db"):
        back_up(storage, tmp_path / name)
    with reading(str(tmp_path / "open.db")) as pid:
        with pytest.raises(QueueBusyError, match=rf"process {pid} \(.*import sqlite3"):
            restore(tmp_path / "copy.db", tmp_path / "open.db")
        assert list(tmp_path.glob("*before-restore*")) == []
    restore(tmp_path / "copy.db", tmp_path / "open.db")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
def test_a_restored_file_belongs_to_whom_it_belonged(storage: Storage, tmp_path: Path):
    """Else whoever works on it could not write it any more."""
    put(storage)
    back_up(storage, tmp_path / "copy.db")
    path = tmp_path / "theirs.db"
    back_up(storage, path)
    os.chown(path, 65534, 65533)
    path.chmod(0o660)
    restore(tmp_path / "copy.db", path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 65533, 0o660)


def test_the_log_of_a_dead_program_goes_with_the_file_it_belongs_to(storage: Storage, tmp_path: Path):
    """What it had committed is in what is kept, and not in what takes its place."""
    put(storage)
    back_up(storage, tmp_path / "copy.db")
    path = tmp_path / "left.db"
    program = (
        "import os, sys; from musterq import TaskQueue; q = TaskQueue(sys.argv[1]); q.enqueue('left'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert Path(f"{path}-wal").stat().st_size > 0
    made = restore(tmp_path / "copy.db", path)
    assert not Path(f"{path}-wal").exists()
    assert made.kept is not None
    types = []
    for found in (path, Path(made.kept)):
        opened = open_storage(found)
        types.append(opened.types())
        opened.close()
    assert types == [["mail"], ["left"]]


def test_the_log_of_a_file_that_is_gone_is_not_taken_for_the_new_ones(storage: Storage, tmp_path: Path):
    """It is kept aside."""
    put(storage)
    back_up(storage, tmp_path / "copy.db")
    path = tmp_path / "gone.db"
    Path(f"{path}-wal").write_bytes(b"some log")
    assert restore(tmp_path / "copy.db", path).kept is None
    assert [kept.read_bytes() for kept in tmp_path.glob("gone.db.before-restore-*-wal")] == [b"some log"]
    check_soundness(str(path))


def test_no_copy_goes_beside_the_log_of_another(storage: Storage, tmp_path: Path):
    """SQLite would take that log for the copy's."""
    Path(tmp_path / "copy.db-wal").write_bytes(b"some log")
    with pytest.raises(QueueDatabaseError, match="in use by a program"):
        back_up(storage, tmp_path / "copy.db")


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", "-turn", "-checkpoint", "-workers"])
def test_no_copy_takes_a_name_that_belongs_to_the_queue(storage: Storage, suffix: str):
    """What stands beside it, or may, is part of it."""
    put(storage)
    with pytest.raises(QueueDatabaseError, match="belongs to the database"):
        back_up(storage, Path(f"{storage.location}{suffix}"), replace=True)
    assert put(storage) == 2
    check_soundness(storage.location)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_only_files_are_replaced(storage: Storage, tmp_path: Path):
    """Not a device, a pipe or a socket."""
    put(storage)
    back_up(storage, tmp_path / "copy.db")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(QueueDatabaseError, match="no ordinary file"):
        back_up(storage, tmp_path / "pipe", replace=True)
    with pytest.raises(QueueDatabaseError, match="no ordinary file"):
        restore(tmp_path / "copy.db", tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_copy_that_cannot_get_its_name_leaves_nothing(storage: Storage, tmp_path: Path):
    """Here somebody makes a folder of that name meanwhile."""
    put(storage)
    (target := tmp_path / "copies" / "copy.db").parent.mkdir()

    def in_the_way(done: int, total: int) -> None:
        target.mkdir(exist_ok=True)

    with pytest.raises(QueueDatabaseError, match=r"copy\.db: the copy cannot be written \("):
        storage.backup(str(target), replace=True, verify=True, progress=in_the_way)
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("links", [True, False])
def test_what_cannot_be_replaced_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool):  # noqa: FBT001
    """With its log, also where the file system knows no links."""
    if not links:
        monkeypatch.delattr(os, "link")
    names = ("queue.db", "queue.db-wal")
    for name in names:
        (tmp_path / name).write_text(name)
    with pytest.raises(FileNotFoundError):
        replacing.replace(str(tmp_path / "queue.db"), str(tmp_path / "nowhere"), str(tmp_path / "kept"))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: name for name in names}


def test_an_older_layout_is_backed_up_as_it_is(tmp_path: Path):
    """Who is about to upgrade it makes a backup first."""
    older_layout.build(tmp_path / "older.db")
    storage = open_storage(tmp_path / "older.db")
    assert back_up(storage, tmp_path / "copy.db").tasks > 0
    storage.close()
    restore(tmp_path / "copy.db", tmp_path / "again.db")
    again = open_storage(tmp_path / "again.db")
    again.initialize_schema()
    again.close()
    check_soundness(str(tmp_path / "again.db"))


def test_another_programs_database_is_refused(tmp_path: Path):
    """Neither backed up nor restored as a queue."""
    path = tmp_path / "application.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    with pytest.raises(QueueDatabaseError, match="not a musterq database"):
        back_up(open_storage(path), tmp_path / "copy.db")
    with pytest.raises(QueueDatabaseError, match="not a musterq database"):
        restore(path, tmp_path / "queue.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["application.db"]


@pytest.mark.skipif(sys.platform != "linux", reason="only here such a limit is an error as of a full disk")
def test_a_full_disk_leaves_no_half_copy(storage: Storage, tmp_path: Path):
    """It names the copy, which is gone."""
    put(storage)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    try:
        with pytest.raises(QueueDatabaseError, match=r"copy\.db"):
            back_up(storage, tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []
    back_up(storage, tmp_path / "copy.db")


def test_counts_that_are_wrong_are_remarked_on(storage: Storage, shell: sqlite3.Connection, tmp_path: Path):
    """A backup is made all the same."""
    put(storage)
    shell.execute("UPDATE counters SET n = n + 1 WHERE kind = 3")
    made = back_up(storage, tmp_path / "copy.db")
    shell.execute("UPDATE counters SET n = n - 1 WHERE kind = 3")
    assert made.remarks == ("tasks (mail, queued): tasks 2 instead of 1",)
