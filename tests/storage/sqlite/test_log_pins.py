"""Who keeps the write-ahead log from being cut is found, and who only reads in passing is not."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from musterq.storage.base import Storage
from musterq.storage.sqlite import log_pins, log_readers
from tests.storage.long_reader import reading
from tests.storage.making import put


def test_a_long_reader_is_named(storage: Storage):
    """With its process id and command, and the same at each look."""
    put(storage)
    with reading(storage.location) as pid:
        put(storage)
        (pin,) = storage.log_pins()
        assert pin.pid == pid
        assert "import sqlite3" in pin.command
        put(storage)
        assert storage.log_pins() == [pin]
    assert storage.log_pins() == []


def test_a_reader_of_the_newest_state_is_not(storage: Storage):
    """It keeps nothing back."""
    put(storage)
    with reading(storage.location):
        assert storage.log_pins() == []


def test_a_reader_that_needs_nothing_of_the_log_is_named_too(storage: Storage):
    """All was copied when it began: nothing can be copied into the database while it reads that."""
    put(storage)
    connection = sqlite3.connect(storage.location, isolation_level=None)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    connection.close()
    with reading(storage.location) as pid:
        put(storage)
        assert [pin.pid for pin in storage.log_pins()] == [pid]


def test_a_reader_of_this_process_is_named(storage: Storage, shell: sqlite3.Connection):
    """And to look takes no lock away from it."""
    put(storage)
    shell.execute("BEGIN")
    before = shell.execute("SELECT count(*) FROM task_queue").fetchone()
    put(storage)
    for _ in range(2):
        assert [pin.pid for pin in storage.log_pins()] == [os.getpid()]
    assert shell.execute("SELECT count(*) FROM task_queue").fetchone() == before
    shell.execute("COMMIT")


def test_where_the_system_has_no_list_of_locks_each_is_asked_for(storage: Storage):
    """As on macOS: one holder of each."""
    put(storage)
    program = (
        f"import os, sys; sys.path.insert(0, {str(Path(log_readers.__file__).parent)!r}); import log_readers\n"
        f"print(list(log_readers.asked_of(os.open({storage.location + '-shm'!r}, os.O_RDONLY))))"
    )
    with reading(storage.location) as pid:
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert f"({pid}, " in said


def test_without_a_log_nobody_is_named(tmp_path: Path):
    """A file that is not there is no error."""
    assert log_pins.log_pins(str(tmp_path / "no.db")) == []
    assert log_pins.log_bytes(str(tmp_path / "no.db")) == 0


def test_the_size_of_the_log_is_that_of_its_file(storage: Storage):
    """In bytes."""
    put(storage)
    assert storage.log_bytes() == Path(f"{storage.location}-wal").stat().st_size > 0


def test_a_process_that_is_gone_has_no_command():
    """Nor one that this user may not see."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert log_readers.command_of(process.pid) == ""
