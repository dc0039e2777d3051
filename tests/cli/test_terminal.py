"""What a person sees in a terminal: colours, and tables that fit its width."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli

ESCAPE = "\x1b["


def seen(database: Path, *arguments: str, columns: int = 80, **environment: str) -> str:
    """What a command shows in a terminal of this width."""
    ours, theirs = pty.openpty()
    surroundings = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    surroundings |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "MUSTERQ_DATABASE": str(database)}
    command = [sys.executable, "-m", "musterq", *arguments]
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, stdin=theirs, env={**surroundings, **environment}
    ) as run:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert run.returncode in (0, 1), shown
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the program at the other end has closed it
        return b""


@pytest.fixture
def failure(queue: TaskQueue) -> str:
    """A failed task with a long error; the error."""
    error = "no such file: " + "/".join(f"folder-{number}" for number in range(30))
    queue.enqueue("thumbnail-of-a-very-long-name", {})
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, error, retry=False)
    return error


@pytest.mark.parametrize("columns", [90, 140])
def test_a_table_fits_the_width_and_loses_nothing(cli: Cli, failure: str, columns: int):
    """A long error goes on below itself."""
    lines = seen(cli.database, "tasks", columns=columns, NO_COLOR="1").splitlines()
    assert max(map(len, lines)) <= columns
    start = lines[0].index("NOTE")
    assert "".join(line[start:].rstrip() for line in lines[1:]).replace(" ", "") == failure.replace(" ", "")


@pytest.mark.parametrize("columns", [60, 80, 100, 300])
def test_what_has_no_room_beside_the_rest_goes_below_its_row(cli: Cli, queue: TaskQueue, columns: int):
    """Behind its title, so that a narrow terminal shows all that a wide one does, and every column can be read."""
    QueueMonitoring(queue.database).register_worker("worker-of-a-long-name-01", {"cpu": 8, "zone": "eu-central"})
    shown = seen(cli.database, "workers", columns=columns, NO_COLOR="1")
    assert max(map(len, shown.splitlines())) <= columns
    words = {"worker-of-a-long-name-01", "idle", "holds", "cpu=8", "zone=eu-central"}
    assert words | {"STATUS", "SINCE", "REASON", "HEARTBEAT", "CAPABILITIES"} <= set(shown.split())


def test_a_row_too_wide_for_any_terminal_loses_nothing(cli: Cli, failure: str):
    """Rather the terminal breaks the line."""
    shown = seen(cli.database, "tasks", columns=20, NO_COLOR="1")
    assert failure.replace(" ", "") in re.sub(r"\s", "", shown)
    assert {"PRIORITY", "ATTEMPTS", "NOTE"} <= set(shown.split())


def test_a_terminal_has_colours(cli: Cli, failure: str):
    """The status is painted."""
    assert re.search(r"\x1b\[[0-9;]*31m *failed", seen(cli.database, "tasks"))


@pytest.mark.parametrize("command", [["tasks"], ["metrics"], ["task", "99"]])
def test_no_color_means_none(cli: Cli, failure: str, command: list[str]):
    """Neither in tables nor in errors."""
    assert ESCAPE in seen(cli.database, *command)
    assert ESCAPE not in seen(cli.database, *command, NO_COLOR="1")
    assert ESCAPE not in seen(cli.database, *command, TERM="dumb")


def test_a_pipe_has_no_colours(cli: Cli, failure: str):
    """Plain text, however long the line."""
    result = cli("tasks")
    assert ESCAPE not in result.output
    assert failure in result.stdout
