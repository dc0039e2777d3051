"""The write-ahead log stays small while anybody writes, and never costs a commit."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import NewTask
from musterq.storage.sqlite import checkpointing
from musterq.storage.sqlite.checkpointing import LOG_LIMIT_BYTES, Checkpointer, has_reset_race
from musterq.storage.sqlite.connection import StandardConnection, StandardDriver
from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.gate import WriteGate
from tests.storage.making import put
from tests.storage.sqlite.faulty_disk import Disk
from tests.storage.sqlite.running import run_together
from tests.storage.sqlite.soundness import check_soundness

BIG = '"' + "x" * 200_000 + '"'
WRITTEN_BYTES = 160 * 1024 * 1024  # far more than the log may grow to
GROWN_BYTES = 24 * 1024 * 1024
PROCESS_SECONDS = 2.0
FIXED, EXPOSED = (3, 51, 3), (3, 40, 1)


class VersionedDriver(StandardDriver):
    """This Python's SQLite, by another version."""

    def __init__(self, version: tuple[int, int, int]) -> None:
        self._version = version

    def version(self) -> tuple[int, int, int]:
        return self._version


def log_bytes(path: str) -> int:
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0


@pytest.fixture(params=[FIXED, EXPOSED], ids=["fixed", "exposed"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"), driver=VersionedDriver(request.param))
    storage.initialize_schema()
    yield storage
    check_soundness(storage.location)
    storage.close()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after every commit."""
    monkeypatch.setattr(checkpointing, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(checkpointing, "_LONGEST_PAUSE_SECONDS", 0.0)


def test_the_log_is_bounded_in_one_process(eager: None, storage: SQLiteStorage) -> None:
    """However much is written, by threads at once."""

    def write(number: int) -> int:
        highest = 0
        for _ in range(WRITTEN_BYTES // 4 // len(BIG)):
            put(storage, payload=BIG)
            highest = max(highest, log_bytes(storage.location))
        return highest

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(write, range(4))) < 3 * LOG_LIMIT_BYTES


def test_the_log_is_bounded_with_many_processes(tmp_path: Path) -> None:
    """At full speed, with the pauses that a program has: one of them is elected to keep it small."""
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    figures = run_together(storage.location, [("produce_for", f"p{n}", str(PROCESS_SECONDS)) for n in range(4)])
    assert min(one["done"] for one in figures) > 0
    assert max(one["log_bytes"] for one in figures) < 3 * LOG_LIMIT_BYTES
    check_soundness(storage.location)
    storage.close()


def test_a_long_reader_pins_the_log_until_it_goes(eager: None, storage: SQLiteStorage) -> None:
    """Nobody waits for it meanwhile; afterwards the log is small again."""
    put(storage)
    reader = sqlite3.connect(storage.location, isolation_level=None)
    reader.execute("BEGIN")
    before = reader.execute("SELECT count(*) FROM task_queue").fetchone()
    while log_bytes(storage.location) < GROWN_BYTES:
        put(storage, payload=BIG)
    assert reader.execute("SELECT count(*) FROM task_queue").fetchone() == before
    reader.execute("COMMIT")
    reader.close()
    for _ in range(3):
        put(storage)
    assert log_bytes(storage.location) <= LOG_LIMIT_BYTES


@pytest.mark.parametrize("storage", [EXPOSED], indirect=True)  # a fixed SQLite has checkpoints of its own besides
def test_another_process_at_it_is_left_alone(eager: None, storage: SQLiteStorage) -> None:
    """Who holds the election does the work; when it is gone, the next one does."""
    election = checkpointing.open_lock(f"{storage.location}-checkpoint", like=storage.location)
    assert checkpointing.try_lock(election)
    while log_bytes(storage.location) < GROWN_BYTES:
        put(storage, payload=BIG)
    checkpointing.close_lock(election)
    for _ in range(3):
        put(storage)
    assert log_bytes(storage.location) <= LOG_LIMIT_BYTES


class Recorder(StandardConnection):
    """Notes each checkpoint and each begin and end of a transaction."""

    def __init__(self, raw: sqlite3.Connection, path: str, notes: list[str], name: str) -> None:
        super().__init__(raw, path)
        self._notes = notes
        self._name = name

    def rows(self, sql: str, parameters: Any = ()) -> list[Any]:
        if "wal_checkpoint" in sql:
            self._notes.append(f"{self._name}: {sql.removeprefix('PRAGMA wal_checkpoint')}")
        return super().rows(sql, parameters)

    def run(self, sql: str, parameters: Any = ()) -> int:
        if sql.startswith(("BEGIN", "ROLLBACK")):
            self._notes.append(f"{self._name}: {sql}")
        return super().run(sql, parameters)


@pytest.fixture
def big_log(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "plain.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE t (x)")
    while log_bytes(path) <= LOG_LIMIT_BYTES:
        connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    yield path
    connection.close()


@pytest.mark.parametrize(
    ("exposed", "expected"),
    [
        (False, ["writer: (PASSIVE)", "writer: (TRUNCATE)"]),
        (True, ["writer: BEGIN IMMEDIATE", "copier: (PASSIVE)", "writer: ROLLBACK"]),
    ],
)
def test_which_checkpoints_are_made(big_log: str, exposed: bool, expected: list[str]) -> None:  # noqa: FBT001
    """On a fixed SQLite one beside the writers first; on an exposed one none but with the write lock held."""
    notes: list[str] = []

    def connect(name: str) -> Recorder:
        return Recorder(sqlite3.connect(big_log, timeout=0, isolation_level=None), big_log, notes, name)

    gate = WriteGate(big_log, busy_timeout=1.0)
    checkpointer = Checkpointer(big_log, gate, lambda: connect("copier"), holds_write_lock=exposed)
    writer = connect("writer")
    checkpointer.look(writer)
    assert notes == expected
    checkpointer.close()
    writer.close()


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    """As is one that is not there."""
    path = str(tmp_path / "plain.db")
    connection = StandardDriver().connect(path)
    checkpointer = Checkpointer(path, WriteGate(path, busy_timeout=1.0), lambda: connection, holds_write_lock=False)
    checkpointer.look(connection)
    connection.close()
    assert not Path(f"{path}-checkpoint").exists()


def test_a_checkpoint_that_fails_fails_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None) -> None:
    """The task is in, once, and the caller is told so; the disk's error is for whoever meets it in a write."""
    monkeypatch.setattr(checkpointing, "LOG_LIMIT_BYTES", 0)
    for n in range(1, 100):
        disk = Disk()
        storage = SQLiteStorage(str(tmp_path / f"{n}.db"), driver=disk.driver)
        storage.initialize_schema()
        disk.fail("sync", n)  # with durability normal, only checkpoints sync
        acknowledged = 0
        for _ in range(3):
            with contextlib.suppress(QueueDatabaseError):  # the log's own header is synced when it begins anew
                put(storage)
                acknowledged += 1
        struck = disk.heal()
        assert len(storage.execute("SELECT id FROM task_queue").fetchall()) == acknowledged
        storage.close()
        if not struck:
            break
        assert acknowledged >= 2
    assert n > 3


def test_which_versions_have_the_race() -> None:
    """From the first with a write-ahead log to the last before it was found."""
    assert [has_reset_race(version) for version in [(3, 6, 23), (3, 7, 0), (3, 51, 2), (3, 51, 3), (3, 52, 0)]] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_readers_and_writers_at_once_keep_it_bounded(eager: None, storage: SQLiteStorage) -> None:
    """Short reads that overlap all the time do not keep the log from being begun anew."""
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            storage.task_counts()

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        highest = 0
        for _ in range(WRITTEN_BYTES // 2 // len(BIG)):
            storage.enqueue([NewTask(type="t", payload=BIG)])
            highest = max(highest, log_bytes(storage.location))
        stop.set()
        for reader in readers:
            reader.result()
    assert highest < 3 * LOG_LIMIT_BYTES
