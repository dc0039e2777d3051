"""A worker in a process of its own, for a parent that looks after it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from musterq.models import Crash
from musterq.worker.memory import bytes_of
from musterq.worker.systemd import VARIABLES


class End(NamedTuple):
    """How a process ended; ``exit_code`` is minus the number of the signal that killed it."""

    exit_code: int
    peak_bytes: int

    @property
    def words(self) -> str:
        """The same as of a child process of a worker: ``was killed by SIGKILL (peak memory 60 MiB)``."""
        return Crash.of(self.exit_code, self.peak_bytes).words


class WorkerProcess:
    """A started worker.

    It is in a process group of its own, so that Ctrl-C in a terminal reaches its parent alone. Its parent asks it to
    stop through a pipe, whose end means the same: so a worker outlives its parent only to end in order, and a signal
    of somebody who signals the whole group of processes is not taken for a second request.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], folder: str) -> None:
        self.started_at = time.monotonic()
        self.asked_at: float | None = None
        self.is_killed = False
        self._times_asked = 0
        reading, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603  # this interpreter, with the arguments of this command
                [*command, "--until-eof", str(reading)],
                env={name: value for name, value in environment.items() if name not in VARIABLES},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                pass_fds=[reading],
                process_group=0,
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(reading)
        self.pid = self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether `ended` has not told yet how it ended."""
        return self._process.returncode is None

    def seconds_over(self, grace: float) -> float:
        """For how long it should have ended; negative while it may take its time."""
        if self.asked_at is None:
            return -inf
        return time.monotonic() - self.asked_at - (grace if self._times_asked == 1 else 0.0)

    def ask_to_stop(self, *, at_once: bool = False) -> None:
        """Let it claim nothing more and finish what runs; ``at_once``: and give that back. Once said, it stays said."""
        while self._times_asked < 1 + at_once:
            self._times_asked += 1
            self.asked_at = time.monotonic()
            with contextlib.suppress(BrokenPipeError):  # it is ending by itself
                os.write(self._pipe, b"s")

    def kill(self) -> None:
        """End it now, whatever it does."""
        self.is_killed = True
        if self.is_running:
            os.kill(self.pid, signal.SIGKILL)

    def ended(self) -> End | None:
        """How it ended; None: it has not. Told once."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            return None
        self._process.returncode = os.waitstatus_to_exitcode(status)
        os.close(self._pipe)
        return End(self._process.returncode, bytes_of(usage.ru_maxrss))
