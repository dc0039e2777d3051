"""A user's project in a folder of its own, and commands started in it as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from musterq import TaskQueue
from tests.worker.waiting import until

PROJECT = """
import os, signal, time
from pathlib import Path
from musterq import TaskQueue, current_task

queue = TaskQueue("queue.db")

@queue.task
def version() -> int:
    return 1

@queue.task
def hold() -> str:
    current_task().progress(0.5)
    while not Path("go").exists():
        time.sleep(0.01)
    return current_task().worker_id

@queue.task(max_crashes=1)
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Project:
    """The module ``tasks`` with a queue, and processes that work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queue = TaskQueue(folder / "queue.db")
        self.started: list[Running] = []
        self.write(PROJECT)

    def write(self, code: str) -> None:
        """Change the code."""
        (self.folder / "tasks.py").write_text(code)

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start a command of musterq."""
        running = Running(self.folder, arguments, environment)
        self.started.append(running)
        return running

    def begin_to_hold(self) -> Any:
        """A task that a worker has begun, and that ends after `go`."""
        handle = self.queue.enqueue("hold")
        until(lambda: handle.get().progress)
        return handle

    def go(self) -> None:
        """Let what holds end."""
        (self.folder / "go").touch()

    def pids(self) -> set[int | None]:
        """The processes of the workers that are at work."""
        activity = self.queue.storage.worker_activity()
        return {worker.pid for worker in activity if worker.status not in ("starting", "lost")}

    def close(self) -> None:
        """End what a failed test left behind."""
        for running in self.started:
            running.end()
        self.queue.close()


class Running:
    """A process of ours, and what it has said on stderr so far."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "musterq", *arguments],
            cwd=folder,
            env={**surroundings, "PWD": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def says(self, words: str, times: int = 1) -> str:
        """Wait for a line with these words, and for the last of so many; returns it."""

        def lines() -> list[str]:
            return [line for line in list(self.lines) if words in line]

        until(lambda: len(lines()) >= times or not self._reader.is_alive())
        assert len(lines()) >= times, f"no line on {words!r} in\n{''.join(self.lines)}"
        return lines()[times - 1]

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def code(self) -> int:
        """Its exit code, when it has ended."""
        code = self.process.wait(timeout=50)
        self._reader.join(10)
        return code

    def stdout(self) -> str:
        """All that it printed, when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def end(self) -> None:
        """Kill it, if it runs; workers of a supervisor end by themselves then."""
        self.process.kill()
        self.process.wait(50)
        self._reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
