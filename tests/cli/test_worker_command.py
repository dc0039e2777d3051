"""``musterq worker``: real worker processes on a module of the user's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musterq import QueueMonitoring, TaskQueue

SHOP = """
import os
from musterq import PermanentError, TaskQueue

queue = TaskQueue()
not_a_queue = 3

@queue.task(type="add")
def add(a: int, b: int) -> int:
    return a + b

@queue.task(type="refuse")
def refuse() -> None:
    raise PermanentError("never \\x1b[31m\\nnor a line of its own")

@queue.task(type="processes")
def processes() -> list[int]:
    return [os.getpid(), os.getppid()]

@queue.task(type="wait")
def wait() -> None:
    print("running", flush=True)
    os.read(0, 1)
"""


class Shop:
    """A folder with a module of the user's, and its queue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "queue.db"
        self.queue = TaskQueue(self.database)
        (folder / "shop.py").write_text(SHOP)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a worker there."""
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
        surroundings |= {"MUSTERQ_DATABASE": str(self.database)}
        return subprocess.Popen(
            [sys.executable, "-m", "musterq", "worker", *arguments],
            cwd=self.folder,
            env={**surroundings, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run a worker to its end; its exit code, stdout and stderr."""
        with self.start(*arguments, **environment) as worker:
            stdout, stderr = worker.communicate(timeout=50)
        return worker.returncode, stdout, stderr

    def refused(self, *arguments: str, **environment: str) -> str:
        """The one line that a worker ends with that cannot start."""
        code, stdout, stderr = self.run(*arguments, **environment)
        assert (code, stdout) == (2, ""), stderr
        (line,) = stderr.splitlines()
        return line


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    """The module ``shop``, in a folder of its own."""
    shop = Shop(tmp_path)
    with shop.queue:
        yield shop


def until(worker: subprocess.Popen[str], words: str) -> None:
    """Read the worker's log up to the line with these words."""
    assert worker.stderr is not None
    assert any(words in line for line in worker.stderr), f"the worker ended without a line on {words!r}"


def running(worker: subprocess.Popen[str]) -> None:
    """Wait until the worker runs the task ``wait``."""
    assert worker.stdout is not None
    assert worker.stdout.readline() == "running\n"


def test_a_burst_runs_what_is_there_and_ends(shop: Shop):
    """The work is done, and the worker has left the roll."""
    handles = [shop.queue.enqueue("add", {"a": number, "b": 1}) for number in range(20)]
    code, stdout, stderr = shop.run("shop:queue", "--burst")
    assert (code, stdout) == (0, ""), stderr
    assert [handle.get().get_result() for handle in handles] == list(range(1, 21))
    assert QueueMonitoring(shop.queue.database).get_all_workers() == []


def test_tasks_run_in_child_processes_where_that_is_asked_for(shop: Shop):
    """Which find the module that the worker was given."""
    handle = shop.queue.enqueue("processes")
    with shop.start("shop:queue", "--burst", "--executor", "processes", "--max-tasks-per-child", "5") as worker:
        worker.communicate(timeout=50)
    child, parent = handle.wait(0)
    assert child != parent == worker.pid


def test_it_says_what_it_is(shop: Shop):
    """Where, which types, what it offers, under which name."""
    arguments = ["--capability", "gpu=true", "--capability", "cpu=8", "--worker-id", "worker-01", "--types", "add,wait"]
    _, _, stderr = shop.run("shop:queue", "--burst", *arguments)
    first = stderr.splitlines()[0]
    for words in ("shop:queue", str(shop.database), "takes add, wait;", '{"gpu": true, "cpu": 8}'):
        assert words in first
    assert "worker worker-01 started" in stderr
    assert "worker worker-01 stopped" in stderr


def test_at_its_end_a_document_says_what_was_done(shop: Shop):
    """With --json, stdout holds it and nothing else."""
    shop.queue.enqueue_many([{"type": "add", "payload": {"a": 1, "b": 2}}] * 3)
    shop.queue.enqueue("refuse", {})
    code, stdout, _ = shop.run("shop:queue", "--burst", "--json", "--worker-id", "worker-01")
    assert code == 0
    assert json.loads(stdout) == {
        "worker_id": "worker-01",
        "database": str(shop.database),
        "completed": 3,
        "failed": 1,
        "retried": 0,
        "cancelled": 0,
        "released": 0,
        "crashed": 0,
    }


def test_a_failed_task_is_logged_and_cannot_steer_the_terminal(shop: Shop):
    """Its error is text."""
    shop.queue.enqueue("refuse", {})
    code, _, stderr = shop.run("shop:queue", "--burst")
    assert code == 0
    assert r"never \x1b[31m\nnor a line of its own" in stderr
    assert "\x1b" not in stderr


def test_debug_tells_of_every_task(shop: Shop):
    """Completed ones, too."""
    handle = shop.queue.enqueue("add", {"a": 1, "b": 2})
    _, _, stderr = shop.run("shop:queue", "--burst", "--log-level", "debug")
    assert f"task {handle.id} (add) completed" in stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish_what_runs(shop: Shop, number: signal.Signals):
    """It claims nothing more, the running task ends as it should, and the exit code is 0."""
    first, second = (shop.queue.enqueue("wait", {}) for _ in range(2))
    with shop.start("shop:queue", "--concurrency", "1") as worker:
        running(worker)
        worker.send_signal(number)
        until(worker, "claims nothing more")
        _, stderr = worker.communicate("g", timeout=50)
    assert worker.returncode == 0, stderr
    assert (first.status(), second.status()) == ("completed", "queued")


def test_a_second_signal_gives_back_what_runs(shop: Shop):
    """Nobody waits for the handler, and the task runs elsewhere."""
    handle = shop.queue.enqueue("wait", {})
    with shop.start("shop:queue") as worker:
        running(worker)
        worker.terminate()
        until(worker, "claims nothing more")
        worker.terminate()
        until(worker, "stopped")
        assert worker.wait(timeout=50) == 0
    assert handle.status() == "queued"


def test_options_come_from_the_environment_and_a_file(shop: Shop):
    """The command line goes first, then the environment, then the file."""
    (shop.folder / "musterq.toml").write_text('[worker]\nburst = true\nconcurrency = 3\nstrategy = "fifo"\n')
    _, _, stderr = shop.run("shop:queue", "--concurrency", "2", MUSTERQ_STRATEGY="lifo")
    assert "2 tasks at once, lifo" in stderr


def test_the_database_option_is_for_modules_that_name_none(shop: Shop, tmp_path: Path):
    """TaskQueue() there follows it."""
    other = tmp_path / "other.db"
    with TaskQueue(other) as queue:
        handle = queue.enqueue("add", {"a": 1, "b": 2})
        code, _, stderr = shop.run("shop:queue", "--burst", "--database", str(other))
        assert code == 0, stderr
        assert handle.status() == "completed"


def test_a_module_that_names_its_database_is_not_moved_by_the_environment(shop: Shop):
    """As everywhere: what the code says goes first."""
    (shop.folder / "fixed.py").write_text(SHOP.replace("TaskQueue()", "TaskQueue('fixed.db')"))
    with TaskQueue(shop.folder / "fixed.db") as queue:
        handle = queue.enqueue("add", {"a": 1, "b": 2})
        code, _, stderr = shop.run("fixed:queue", "--burst", MUSTERQ_DATABASE=str(shop.database))
        assert (code, handle.status()) == (0, "completed"), stderr


@pytest.mark.parametrize("arguments", [["--database", "other.db"], ["--config", "other.toml"]])
def test_a_database_that_the_module_contradicts_is_refused(shop: Shop, arguments: list[str]):
    """A worker never works elsewhere than it was told."""
    (shop.folder / "fixed.py").write_text(SHOP.replace("TaskQueue()", "TaskQueue('fixed.db')"))
    (shop.folder / "other.toml").write_text('[worker]\ndatabase = "other.db"\n')
    line = shop.refused("fixed:queue", "--burst", *arguments, MUSTERQ_DATABASE="")
    assert str(shop.folder / "fixed.db") in line
    assert str(shop.folder / "other.db") in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shop"], "MODULE:NAME"),
        (["shop.py:queue"], "without .py"),
        (["nowhere:queue"], "nowhere"),
        (["shop:tail"], "the queues there: queue"),
        (["shop:not_a_queue"], "is a int, not a TaskQueue"),
        (["broken:queue"], "broken.py:1"),
        (["shop:queue", "--types", "mail"], "nobody handles 'mail'"),
        (["shop:queue", "--concurrency", "0"], "--concurrency"),
        (["shop:queue", "--concurrency", "many"], "--concurrency"),
        (["shop:queue", "--strategy", "best"], "weighted_random"),
        (["shop:queue", "--strategy", "fifo", "--max-wait", "5"], "max_wait"),
        (["shop:queue", "--max-wait", "soon"], "--max-wait"),
        (["shop:queue", "--capability", "gpu"], "NAME=VALUE"),
        (["shop:queue", "--grace", "-1"], "--grace"),
        (["shop:queue", "--config", "missing.toml"], "missing.toml"),
        (["shop:queue", "--until-eof", "77"], "--until-eof 77"),
    ],
)
def test_what_cannot_work_is_refused_before_it_starts(shop: Shop, arguments: list[str], words: str):
    """One line says what was looked for and where; wrong usage, so that nobody restarts it."""
    (shop.folder / "broken.py").write_text("1 / 0\n")
    assert words in shop.refused(*arguments)
    assert not shop.database.exists()


def test_a_wrong_value_in_the_environment_names_its_variable(shop: Shop):
    """The message says where it stands."""
    assert "MUSTERQ_CONCURRENCY" in shop.refused("shop:queue", MUSTERQ_CONCURRENCY="lots")


def test_a_name_that_is_at_work_is_refused(shop: Shop):
    """Two workers of one name would take each other's tasks."""
    shop.queue.enqueue("wait", {})
    with shop.start("shop:queue", "--worker-id", "worker-01") as worker:
        running(worker)
        code, _, stderr = shop.run("shop:queue", "--worker-id", "worker-01", "--burst")
        worker.terminate()
        worker.communicate("g", timeout=50)
    assert code == 1
    assert stderr.splitlines()[-1].startswith("Error:")
    assert "worker-01" in stderr.splitlines()[-1]
