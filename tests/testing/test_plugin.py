"""The fixtures for pytest, in a project that has musterq installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import pytest

SHOP = """
from musterq import AsyncTaskQueue, TaskQueue

queue = TaskQueue("shop.db")
aqueue = AsyncTaskQueue("async.db")


@queue.task(max_attempts=2)
def mail(to: str) -> str:
    return f"sent to {to}"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a program; its settings treat warnings as errors."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    return tmp_path


def run(project: Path, test: str, *options: str) -> str:
    """What pytest says of a test file, in a process of its own; it must succeed."""
    (project / "test_shop.py").write_text(dedent(test))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_pytest_finds_it():
    """By the name of the project."""
    (found,) = entry_points(group="pytest11", name="musterq")
    assert found.value == "musterq.testing.plugin"


def test_a_queue_and_its_clock(project: Path):
    """A test asks for them by name."""
    said = run(
        project,
        """
        def test_delays(musterq_queue, musterq_clock, musterq_database):
            assert musterq_queue.database is musterq_database
            assert musterq_database.clock is musterq_clock
            musterq_queue.task(lambda: None, type="nothing")
            musterq_queue.enqueue("nothing", delay=60)
            assert musterq_queue.drain() == 0
            musterq_clock.advance(60)
            assert musterq_queue.drain() == 1

        def test_each_begins_empty(musterq_queue):
            assert musterq_queue.find() == []
        """,
    )
    assert "2 passed" in said


def test_the_queue_of_a_program(project: Path):
    """It is bound to the test's database until the test ends."""
    run(
        project,
        """
        import pytest
        import shop
        from musterq.testing import assert_enqueued, drain

        @pytest.fixture
        def musterq_queue(musterq_bind):
            return musterq_bind(shop.queue)

        def test_mail(musterq_queue, musterq_clock):
            shop.mail.options(delay=3600).enqueue("ann")
            assert_enqueued(shop.queue, shop.mail, {"to": "ann"}, count=1, status="scheduled")
            assert drain(shop.queue, advance=musterq_clock, raises=True) == 1

        def test_at_once(musterq_immediate):
            assert shop.mail.enqueue("bob").get().get_result() == "sent to bob"

        def test_both(musterq_bind, musterq_database):
            assert musterq_bind(shop.aqueue) is shop.aqueue
            assert musterq_bind(shop.queue).database is musterq_database
            assert shop.aqueue.queue.database is musterq_database

        def test_afterwards():
            assert shop.queue.database.location.endswith("shop.db")
        """,
    )
    assert sorted(path.name for path in project.glob("*.db*")) == []


def test_in_parallel(project: Path):
    """Each test has its own file."""
    test = """
        import pytest

        @pytest.mark.parametrize("n", range(8))
        def test_alone(musterq_queue, n):
            musterq_queue.enqueue("t")
            assert len(musterq_queue.find()) == 1
        """
    assert "8 passed" in run(project, test, "-n", "2")


def test_a_project_that_does_not_use_it_pays_nothing(project: Path):
    """Neither the queue nor anything that it stands on is imported."""
    run(
        project,
        """
        import sys

        def test_nothing_is_imported():
            heavy = {"msgspec", "sqlite3", "typer", "musterq.database", "musterq.queue", "musterq.models"}
            assert heavy & sys.modules.keys() == set()
            assert "musterq.testing.plugin" in sys.modules
        """,
    )
