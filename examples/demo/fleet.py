"""The worker processes of the demo: started, killed where that is the point, and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 20.0


class Fleet:
    """Workers of `examples.demo.tasks` on one database, each of a few types. Use it in a ``with`` statement."""

    def __init__(self, database: Path) -> None:
        self._environment = {**os.environ, "MUSTERQ_DATABASE": str(database)}
        self._log = database.with_suffix(".log").open("ab")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, worker_id: str, *types: str) -> None:
        """A worker for these types."""
        self._processes[worker_id] = subprocess.Popen(
            [sys.executable, "-m", "examples.demo.worker", worker_id, ",".join(types)],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self, worker_id: str) -> None:
        """As the kernel does when memory is short."""
        process = self._processes[worker_id]
        process.send_signal(signal.SIGKILL)
        process.wait(END_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """End all that this fleet started."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait(END_SECONDS)
        self._log.close()
