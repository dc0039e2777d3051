"""Putting new code in place of old: SIGHUP for one worker, and what a deploy asks before."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.cli.project import PROJECT, Project
from tests.worker.waiting import until

#: Runs Python with its arguments, on the terminal that is its stdin.
TAKES_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_sighup_starts_a_worker_anew_in_its_process(project: Project) -> None:
    """It finishes what runs, and the new code takes over under the same process id."""
    running = project.start("worker", "tasks:queue", "--worker-id", "w", "--concurrency", "1")
    handle = project.begin_to_hold()
    project.write(PROJECT.replace("return 1", "return 2"))
    running.signal(signal.SIGHUP)
    running.says("claims nothing more")
    after = project.queue.enqueue("version")
    project.go()
    assert (handle.wait(30), after.wait(30)) == ("w", 2)
    assert project.pids() == {running.pid}
    running.signal(signal.SIGTERM)
    assert running.code() == 0


def test_a_worker_keeps_the_old_code_where_the_new_cannot_start(project: Project) -> None:
    """A line says why, and nothing else happens."""
    running = project.start("worker", "tasks:queue")
    running.says("started on")
    project.write("1 / 0")
    running.signal(signal.SIGHUP)
    running.says("the old code goes on")
    running.says("ZeroDivisionError")
    assert project.queue.enqueue("version").wait(30) == 1


def test_a_deploy_that_points_a_link_at_a_new_folder_is_seen(tmp_path: Path) -> None:
    """The folder that a worker was started in is found again by its name."""
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
    current = tmp_path / "current"
    current.symlink_to("one")
    (tmp_path / "two" / "tasks.py").write_text(
        PROJECT.replace("return 1", "return 2").replace('"queue.db"', repr(str(tmp_path / "one" / "queue.db")))
    )
    project = Project(tmp_path / "one")
    running = project.start("worker", "tasks:queue", PWD=str(current))
    running.says("started on")
    current.unlink()
    current.symlink_to("two")
    running.signal(signal.SIGHUP)
    running.says("started on", times=2)
    assert project.queue.enqueue("version").wait(30) == 2
    project.close()


def test_systemd_hears_of_a_reload_and_of_the_new_code(project: Project) -> None:
    """As Type=notify-reload has it: RELOADING, then READY, by the same process."""
    address = str(project.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(30)
        running = project.start("worker", "tasks:queue", NOTIFY_SOCKET=address)
        heard = [manager.recv(4096).decode().split("\n")[0]]
        running.signal(signal.SIGHUP)
        heard += [manager.recv(4096).decode().split("\n")[0] for _ in range(3)]
        running.signal(signal.SIGTERM)
        heard += [manager.recv(4096).decode().split("\n")[0]]
        assert running.code() == 0
    assert [words.partition("=")[0] for words in heard] == ["READY", "RELOADING", "STATUS", "READY", "STOPPING"]


def test_a_closed_terminal_is_no_reload(project: Project) -> None:
    """Else a worker would stay behind, started anew, without anybody who knows of it."""
    controller, terminal = pty.openpty()

    with subprocess.Popen(
        [sys.executable, "-c", TAKES_TERMINAL, "-m", "musterq", "worker", "tasks:queue"],
        cwd=project.folder,
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as worker:
        os.close(terminal)
        until(project.pids)
        os.close(controller)
        assert worker.wait(30) == 0
    assert project.queue.storage.workers() == []


def test_check_tells_whether_it_could_start(project: Project) -> None:
    """And runs nothing, and registers nobody."""
    handle = project.queue.enqueue("version")
    running = project.start("worker", "tasks:queue", "--check")
    assert running.code() == 0
    (line,) = running.stdout().splitlines()
    assert line == f"tasks:queue can start: on {project.queue.database.location}, it takes die, hold, version"
    assert handle.status() == "queued"
    project.write("1 / 0")
    assert project.start("worker", "tasks:queue", "--check").code() == 2


def test_check_tells_only_of_what_the_executor_can_run(project: Project) -> None:
    """A supervisor starts workers for these types, and not for others."""
    project.write(PROJECT + "\n\n@queue.task\nasync def later() -> None: ...\n")
    running = project.start("worker", "tasks:queue", "--executor", "asyncio", "--check", "--json")
    assert running.code() == 0
    assert json.loads(running.stdout())["types"] == ["later"]
    worker = project.start("worker", "tasks:queue", "--executor", "asyncio", "--burst")
    assert "takes later;" in worker.says("a worker for tasks:queue")
    assert worker.code() == 0


def test_idle_ends_a_worker_that_has_had_nothing_to_do(project: Project) -> None:
    """After its last task, not after its first look."""
    handle = project.queue.enqueue("version")
    running = project.start("worker", "tasks:queue", "--idle", "0.1")
    assert running.code() == 0
    running.says("(idle)")
    assert handle.status() == "completed"


def test_ctrl_c_says_what_it_waits_for_and_how_not_to(project: Project) -> None:
    """Whatever is logged."""
    running = project.start("worker", "tasks:queue", "--log-level", "error", "--grace", "20")
    project.begin_to_hold()
    running.signal(signal.SIGINT)
    line = running.says("stopping:")
    assert "tasks it still holds: 1; waits up to 20 s" in line
    assert "once more to give them back now" in line
    project.go()
    assert running.code() == 0
