"""What limits cost a claim that they do not concern: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.models import SchedulingStrategy
from musterq.records import TypeLimit
from musterq.storage.sqlite.connection import StandardConnection, StandardDriver
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.making import put, take, take_one
from tests.support import MovableClock


class HeardDriver(StandardDriver):
    """The standard driver, each of whose statements is heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def connect(self, path: str) -> StandardConnection:
        connection = super().connect(path)
        connection.raw.set_trace_callback(self.heard.append)
        return connection


@pytest.fixture
def driver() -> HeardDriver:
    return HeardDriver()


@pytest.fixture
def storage(tmp_path: Path, clock: MovableClock, driver: HeardDriver) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"), clock=clock, driver=driver)
    storage.initialize_schema()
    for type in ("mail", "video", "video", "video"):
        put(storage, type)
    yield storage
    storage.close()


def statements_of_a_claim(storage: SQLiteStorage, driver: HeardDriver, strategy: SchedulingStrategy) -> int:
    """Of one that knows its lanes, and takes a task."""
    take(storage, types=frozenset(["video"]), limit=0)
    driver.heard.clear()
    take_one(storage, types=frozenset(["video"]), strategy=strategy)
    return len(driver.heard)


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_claim_that_no_limit_concerns_runs_no_further_statement(
    storage: SQLiteStorage, driver: HeardDriver, strategy: SchedulingStrategy
):
    """One that a limit concerns reads it."""
    without = statements_of_a_claim(storage, driver, strategy)
    storage.set_limit("mail", TypeLimit(max_running=1))
    assert statements_of_a_claim(storage, driver, strategy) == without
    storage.set_limit("video", TypeLimit(max_running=9))
    assert statements_of_a_claim(storage, driver, strategy) > without
