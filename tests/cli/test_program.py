"""The program as a whole: help, version, how it finds its queue, and how it ends."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import typer

import musterq.cli
from musterq import TaskQueue
from musterq.cli.app import app
from musterq.cli.sections import SECTIONS
from tests.cli.running import Cli

COMMANDS = [
    "init",
    "enqueue",
    "worker",
    "workers",
    "tasks",
    "task",
    "group",
    "retry",
    "cancel",
    "pause",
    "resume",
    "metrics",
]
ARGUMENTS = {"task": ["1"], "group": ["1"], "retry": ["1"], "cancel": ["1"], "pause": ["mail"], "resume": ["mail"]}


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
    return subprocess.run(
        [sys.executable, "-m", "musterq", *arguments],
        env={**surroundings, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_the_help_lists_every_command_and_the_exit_codes(cli: Cli):
    """Who types musterq alone sees what there is."""
    text = cli("--help").stdout
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert "Exit codes:" in text


def test_every_command_is_in_one_section_of_the_help():
    """None is forgotten, and none is named that there is not."""
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_no_sentence_of_the_help_is_cut(cli: Cli):
    """The list says of each command what it does, in a line."""
    assert not [line for line in cli.lines("--help") if line.startswith("  ") and line.endswith("...")]


@pytest.mark.parametrize("command", [(), *[(name,) for names in SECTIONS.values() for name in names]])
def test_the_help_fits_an_ordinary_terminal(cli: Cli, command: tuple[str, ...]):
    """No line is longer than 80 columns but examples, which are pasted, and no two lines in a row are blank."""
    lines = cli(*command, "--help").stdout.rstrip().split("\n")
    assert [line for line in lines if len(line) > 80 and not line.startswith("    musterq ")] == []
    assert not any(not one.strip() and not other.strip() for one, other in pairwise(lines))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example_and_the_shared_options(cli: Cli, command: str):
    """The same everywhere."""
    text = cli(command, "--help").stdout
    assert f"musterq {command}" in text.split("Example")[1]
    assert "--database" in text
    assert "--json" in text


def test_the_version_is_the_installed_one(cli: Cli):
    """One line, nothing else."""
    from importlib.metadata import version

    assert cli.lines("--version") == [f"musterq {version('musterq')}"]


@pytest.mark.parametrize(
    "command", ["tasks", "task", "group", "retry", "cancel", "pause", "resume", "workers", "metrics"]
)
def test_a_missing_database_is_said_and_not_made(cli: Cli, command: str):
    """A mistyped path must not look like an empty queue."""
    line = cli.error(command, *ARGUMENTS.get(command, []), code=1)
    assert str(cli.database) in line
    assert "musterq init" in line
    assert not cli.database.exists()


@pytest.mark.parametrize("command", ["tasks", "metrics", "workers", "enqueue"])
def test_a_file_that_is_no_database_is_said_in_one_line(cli: Cli, command: str):
    """Never a traceback for what people do every day."""
    cli.database.write_bytes(b"this is no database at all, but it is a file " * 100)
    arguments = ["mail"] if command == "enqueue" else []
    assert str(cli.database) in cli.error(command, *arguments, code=1)


def test_an_applications_database_says_what_to_run(cli: Cli):
    """Its tables are not musterq's to add without being asked."""
    import sqlite3

    connection = sqlite3.connect(cli.database)
    connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    assert "init" in cli.error("tasks", code=1)


def test_an_unknown_command_suggests_one(cli: Cli):
    """Wrong usage."""
    result = cli("task-list")
    assert result.exit_code == 2
    assert "task-list" in result.stderr


def test_debug_shows_the_traceback_before_the_line(cli: Cli):
    """Who wants to know more can."""
    result = cli("--debug", "tasks")
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback")
    assert "Error: there is no queue" in result.stderr.splitlines()[-1]


def test_python_m_musterq_is_the_program(tmp_path: Path):
    """The queue is the one that MUSTERQ_DATABASE names."""
    database = str(tmp_path / "queue.db")
    assert program("init", MUSTERQ_DATABASE=database).stdout == f"{database} is ready\n"
    assert program("enqueue", "mail", MUSTERQ_DATABASE=database).stdout == "task 1 is in the queue\n"
    listed = program("tasks", MUSTERQ_DATABASE=database)
    assert (listed.returncode, "mail" in listed.stdout) == (0, True)


def test_without_a_name_the_queue_is_in_the_data_folder(tmp_path: Path):
    """Nothing needs to be configured for a first try."""
    done = program("enqueue", "mail", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("queue.db")) != []


def test_the_exit_code_of_a_failure_leaves_the_process(tmp_path: Path):
    """Shell scripts see it."""
    failed = program("tasks", "--database", str(tmp_path / "missing.db"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: there is no queue at")


@pytest.mark.parametrize(
    "arguments", [["tasks", "--limit", "5000"], ["tasks", "--limit", "5000", "--json"], ["metrics"]]
)
def test_a_reader_that_has_had_enough_is_no_error(queue: TaskQueue, cli: Cli, arguments: list[str]):
    """``musterq tasks | head -1`` ends without a word."""
    queue.enqueue_many([{"type": "mail", "payload": {}}] * 2_000)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "musterq", *arguments, "--database", str(cli.database)],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            check=False,
            timeout=50,
        )
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_terminal_that_lacks_a_character_shows_an_escape(queue: TaskQueue, cli: Cli):
    """An encoding is no reason to fail."""
    queue.enqueue("mail-✓", {})
    done = program("tasks", "--database", str(cli.database), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "mail-\\u2713" in done.stdout


def test_the_installed_command_is_the_same_main(cli: Cli):
    """The entry point in the package's metadata names it."""
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="musterq")
    assert entry.load() is musterq.cli.main
    assert app.info.name == "musterq"


def test_the_help_loads_no_drawing():
    """The help is quick: rich comes only with a table."""
    program = "import sys; from musterq.cli.app import app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "musterq.cli.tables" in loaded
    assert not {"rich.console", "rich.table"} & set(loaded)
