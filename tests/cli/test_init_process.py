"""As process 1 of a container: signals arrive, orphans are reaped, and the exit code is the command's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from musterq import TaskQueue
from tests.worker.waiting import LIMIT, until

ALONE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

#: Leaves an orphan to process 1, and ends when that has been reaped.
ORPHANS = """
import os, sys, time
from musterq.cli.init_process import stay_as_init_if_first

stay_as_init_if_first()
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    if os.fork() == 0:
        while os.getppid() != 1:
            time.sleep(0.01)
        os.write(writing, str(os.getpid()).encode())
        os._exit(0)
    os._exit(0)
os.waitpid(child, 0)
orphan = int(os.read(reading, 20))
while os.path.exists(f"/proc/{orphan}"):
    time.sleep(0.01)
sys.exit(7)
"""

#: Ends by the signal of this name.
ENDS_BY = """
import os, signal, sys
from musterq.cli.init_process import stay_as_init_if_first

stay_as_init_if_first()
os.kill(os.getpid(), getattr(signal, sys.argv[1]))
"""

SHOP = """
from musterq import TaskQueue

queue = TaskQueue("queue.db")

@queue.task
def add(a: int, b: int) -> int:
    return a + b
"""


def may_be_first() -> bool:
    """Whether this user may start a process 1 here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not may_be_first(), reason="this user may not make a process namespace (unshare --pid --mount-proc)"
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_orphans_are_reaped_and_the_exit_code_is_passed_on(program: Path) -> None:
    """The program ends only when nothing is left of its grandchild, and says 7."""
    program.write_text(ORPHANS)
    assert subprocess.run([*ALONE, sys.executable, str(program)], check=False, timeout=LIMIT).returncode == 7


def test_an_end_by_a_signal_is_passed_on_as_shells_do(program: Path) -> None:
    """128 and its number."""
    program.write_text(ENDS_BY)
    ended = subprocess.run([*ALONE, sys.executable, str(program), "SIGKILL"], check=False, timeout=LIMIT)
    assert ended.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("arguments", [["worker"], ["supervise", "-n", "1"]])
def test_sigterm_ends_a_container_in_order(tmp_path: Path, arguments: list[str]) -> None:
    """The kernel would ignore it for a process 1 that does nothing about it."""
    (tmp_path / "shop.py").write_text(SHOP)
    with TaskQueue(tmp_path / "queue.db") as queue:
        command = [*ALONE, sys.executable, "-m", "musterq", *arguments, "shop:queue"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as container:
            handle = queue.enqueue("add", {"a": 1, "b": 2})
            assert handle.wait(LIMIT) == 3
            (first,) = until(lambda: children_of(container.pid))
            os.kill(first, signal.SIGTERM)
            _, stderr = container.communicate(timeout=LIMIT)
        assert container.returncode == 0, stderr
        assert queue.storage.workers() == []
