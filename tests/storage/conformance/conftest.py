"""A storage of each engine, on a clock that a test moves. All of its counts are verified after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.storage.base import Storage
from tests.storage.engines import ENGINES, Engine, PlainSQL
from tests.storage.making import check_counts
from tests.support import MovableClock


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


@pytest.fixture
def storage(engine: Engine, tmp_path: Path, clock: MovableClock) -> Iterator[Storage]:
    storage = engine.open(tmp_path, clock)
    storage.initialize_schema()
    yield storage
    check_counts(storage)
    engine.verify_counts(storage)
    storage.close()


@pytest.fixture
def other(engine: Engine, storage: Storage, tmp_path: Path, clock: MovableClock) -> Iterator[Storage]:
    """The same queue, opened once more as another process has it."""
    other = engine.open(tmp_path, clock)
    yield other
    other.close()


@pytest.fixture
def sql(engine: Engine, storage: Storage) -> Iterator[PlainSQL]:
    """A connection of somebody else's."""
    connection = engine.plain_sql(storage)
    yield connection
    connection.close()
