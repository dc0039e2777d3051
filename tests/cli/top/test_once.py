"""One frame for scripts, and what is refused."""

from __future__ import annotations

import sys

import pytest

from musterq import TaskQueue
from tests.cli.running import Cli
from tests.cli.top.watched import Watched, top


def test_once_prints_a_page_as_plain_text(cli: Cli, queue: TaskQueue):
    """All rows, no escapes, no cursor."""
    queue.enqueue_many([{"type": f"type-{number:02}"} for number in range(60)])
    lines = cli.lines("top", "--once")
    assert lines[0].startswith("musterq top  ")
    assert sum(line.startswith("type-") for line in lines) == 60
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("page", "word"), [("types", "QUEUED"), ("workers", "BEAT"), ("tasks", "PROGRESS"), ("health", "SEVERITY")]
)
def test_once_prints_the_page_that_is_asked_for(cli: Cli, queue: TaskQueue, page: str, word: str):
    """By its name."""
    assert word in "\n".join(cli.lines("top", "--once", "--page", page))


def test_a_page_that_is_not_there_is_refused(cli: Cli, queue: TaskQueue):
    """With the names of those that are."""
    assert "types, workers, tasks, health" in cli("top", "--page", "task").stderr


def test_without_a_terminal_it_names_once(cli: Cli, queue: TaskQueue):
    """Nothing is printed into the pipe."""
    assert "musterq top --once" in cli.error("top", code=2)


def test_a_terminal_that_cannot_move_its_cursor_is_refused(cli: Cli, queue: TaskQueue):
    """It would show a heap of escapes."""
    watched = top(cli.database, TERM="dumb")
    try:
        assert watched.ends() == 2
        assert "cannot move its cursor" in watched.text
        assert "--once" in watched.text
    finally:
        watched.close()


@pytest.mark.parametrize("arguments", [["--once"], []])
def test_a_queue_that_is_not_there_is_told(cli: Cli, arguments: list[str]):
    """With what makes one."""
    assert "musterq init" in cli.error("top", *arguments, code=1)


def test_tables_that_are_not_its_own_are_told_before_the_screen_is_taken(cli: Cli, queue: TaskQueue):
    """Where the complaint can be read."""
    queue.database.execute("UPDATE musterq_meta SET value = 9999 WHERE name = 'schema_version'")
    watched: Watched = top(cli.database)
    try:
        assert watched.ends() == 1
        assert b"\x1b[?1049h" not in watched.output
        assert "Error:" in watched.text
    finally:
        watched.close()


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "5000"])
def test_an_interval_must_be_one(cli: Cli, queue: TaskQueue, interval: str):
    """From a tenth of a second to an hour."""
    assert cli("top", "--interval", interval).exit_code == 2


def test_a_system_without_such_terminals_is_told(cli: Cli, queue: TaskQueue):
    """As Windows is one."""
    program = "import sys; from musterq import cli, storage; sys.modules['termios'] = None; cli.main()"
    watched = Watched([sys.executable, "-c", program, "top", "--database", str(cli.database)])
    try:
        assert watched.ends() == 2
        assert "--once" in watched.text
    finally:
        watched.close()
