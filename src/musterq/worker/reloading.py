"""For development: a worker that starts anew whenever the code changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from musterq.worker.bell import Bell
from musterq.worker.code_watch import CodeWatch
from musterq.worker.worker_process import WorkerProcess

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 1.0  # then what runs is given back, and after as long again the process is killed
SHORT_SECONDS = 0.02


class ReloadingWorker:
    """Runs a worker in a child process, and replaces it when a Python file below the folder changes.

    A worker that cannot start, because of a mistake in the code, says why; the next change tries again.

    Args:
        command: What starts the worker.
        environment: Its environment.
        folder: Where it runs, and where the code is.
        say: Called with each line for the user.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: str, say: Callable[[str], None]
    ) -> None:
        self._command = command
        self._environment = environment
        self._folder = folder
        self._watch = CodeWatch(Path(folder))
        self._say = say
        self._bell = Bell()
        self._over = False

    def stop(self) -> None:
        """Give back what runs and end, at once; any signal handler may call it."""
        self._over = True
        self._bell.wake()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over:
            worker = WorkerProcess(self._command, environment=self._environment, folder=self._folder)
            changed = self._until_change(worker)
            if worker.is_running:
                self._end(worker)
            if changed is not None:
                self._say(f"{changed} changed: the worker starts anew")

    def _until_change(self, worker: WorkerProcess) -> Path | None:
        """The file that changed; None: it is over."""
        while not self._over:
            self._bell.wait(LOOK_SECONDS)
            if worker.is_running and (end := worker.ended()) is not None:
                self._say(f"the worker {end.words}; it starts anew when a Python file changes")
            if (changed := self._watch.changed()) is not None:
                return changed
        return None

    def _end(self, worker: WorkerProcess) -> None:
        if not self._over:
            worker.ask_to_stop()
            if self._has_ended(worker):
                return
        worker.ask_to_stop(at_once=True)
        if not self._has_ended(worker):
            worker.kill()
            while worker.ended() is None:
                time.sleep(SHORT_SECONDS)

    def _has_ended(self, worker: WorkerProcess) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while worker.ended() is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(SHORT_SECONDS)
        return True
