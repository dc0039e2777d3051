"""What tests of SQLite alone need: a storage with the standard library's driver, a shell, a folder for other users."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.storage.base import Storage
from tests.storage.engines import SQLITE
from tests.support import MovableClock


@pytest.fixture
def storage(tmp_path: Path, clock: MovableClock) -> Iterator[Storage]:
    """Its counters are verified after each test, in SQL alone, since some texts here cannot be decoded."""
    storage = SQLITE.open(tmp_path, clock)
    storage.initialize_schema()
    yield storage
    SQLITE.verify_counts(storage)
    storage.close()


@pytest.fixture
def shell(storage: Storage) -> Iterator[sqlite3.Connection]:
    """A connection of somebody else's, with SQLite's own defaults."""
    connection = sqlite3.connect(storage.location, isolation_level=None, timeout=30)
    yield connection
    connection.close()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="musterq-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)
