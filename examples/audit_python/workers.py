"""Starts worker processes, replaces those that die, and stops them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from examples.audit_python.killing import Killed
from musterq import QueueMonitoring

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    *(sys.executable, "-m", "musterq", "worker", "examples.audit_python.tasks:queue"),
    *("--burst", "--concurrency", "2"),
)
GRACE_SECONDS = 10
RESTART_SECONDS = 1.0
TAIL_LINES = 15


class Fleet:
    """Worker processes that drain a queue; those that still run when the ``with`` block is left are stopped.

    What a worker says goes to a log file of its own; ``deaths`` holds the last words of those that died by themselves,
    and ``killed`` the one that was killed on purpose.
    """

    def __init__(self, size: int, database: Path, logs: Path, monitoring: QueueMonitoring) -> None:
        self._names = [f"audit-{number}" for number in range(1, size + 1)]
        self._database = database
        self._logs = logs
        self._monitoring = monitoring
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._next_start = 0.0
        self.deaths: list[str] = []
        self.killed: Killed | None = None

    def __enter__(self) -> Self:
        for worker in self._monitoring.get_worker_activity():
            if worker["status"] == "lost":  # killed together with an earlier run, which this one goes on with
                self._monitoring.remove_worker(worker["worker_id"])
        return self

    def __exit__(self, *error: object) -> None:
        stop(list(self._running.values()))

    def tend(self, waiting: int, running: int = 0) -> bool:
        """Put workers where none is while tasks wait; return False when nobody is at work and nobody needed.

        Tasks that are said to run while no worker is there were those of a worker that died.
        """
        ended = {name: process for name, process in self._running.items() if process.poll() is not None}
        for name, process in ended.items():
            del self._running[name]
            if process.returncode != 0:
                waiting += 1  # what it was at, at least
                if self.killed is None or process.pid != self.killed.pid:
                    self._bury(name, process.returncode)
        waiting += 0 if self._running else running
        starts_left = len(self._names) + 1 - len(self.deaths)  # a worker that cannot live is not tried for ever
        if waiting and starts_left > 0:
            self._fill_places(min(waiting, starts_left))
            return True
        return bool(self._running)

    def kill_one(self) -> Killed | None:
        """End a worker that holds tasks as a crash would (SIGKILL); None: nobody holds any at the moment.

        It is left to the other workers to find that out; one of another name takes its place.
        """
        busy = [worker["worker_id"] for worker in self._monitoring.get_worker_activity() if worker["tasks_in_flight"]]
        name = next((name for name in busy if name in self._running), None)
        if name is None:
            return None
        process = self._running[name]
        self.killed = Killed.now(name, process.pid)
        process.kill()
        self._names = [*(other for other in self._names if other != name), f"audit-{len(self._names) + 1}"]
        return self.killed

    def _bury(self, name: str, code: int) -> None:
        self._monitoring.remove_worker(name)  # gives back to the queue what it held
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        self.deaths.append("\n    ".join([f"{name} ended with exit code {code}; its log ends with:", *lines]))

    def _fill_places(self, most: int) -> None:
        if time.monotonic() < self._next_start:
            return
        self._next_start = time.monotonic() + RESTART_SECONDS
        free = [name for name in self._names if name not in self._running]
        for name in free[:most]:
            self._running[name] = self._start(name)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        with self._log(name).open("ab") as log:
            return subprocess.Popen(
                [*COMMAND, "--database", str(self._database), "--worker-id", name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the main program, which then asks the workers to stop
            )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask processes to finish what they are at and end; end those that do not, or at once when interrupted again."""
    for process in processes:
        process.terminate()
    try:
        for process in processes:
            process.wait(GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        for process in processes:
            process.kill()
            process.wait()


def end_by_interrupt() -> None:
    """Have the signals that end a program interrupt it as Ctrl-C does, so that it stops its workers first."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows lacks the latter
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
