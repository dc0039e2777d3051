"""A child process, as its worker sees it: started, given one task after the other, killed, waited for."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Any

from musterq.models import Crash
from musterq.worker.child_messages import Begun, Death, Job, Report, Setup
from musterq.worker.memory import bytes_of

START_SECONDS = 120.0  # for a child to start and to import the module of the handler
END_SECONDS = 1.0  # for a child to end by itself
GONE_SECONDS = 1.0  # for one that has closed its connection
LOOK_SECONDS = 1.0  # in case a process that the child has forked keeps the connection open
_LONGEST_PAUSE = 0.02

_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from musterq.worker import child_main;"
    " child_main.main({fd}, {parent}, {shared!r})"
)


class ChildProcess:
    """One child. It belongs to the thread that made it, since it dies with that one; any thread may kill it.

    It leads a process group of its own, so that what a task has started goes with it, and so that no Ctrl-C reaches it.

    Args:
        setup: its first words.
        shared: descriptors that it keeps open as long as it lives, beside the connection.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, setup: Setup, shared: tuple[int, ...] = ()) -> None:
        self.runs = 0
        self.peak_bytes: int | None = None  # as it told
        self._crash: Crash | None = None  # once it has ended
        self._lock = threading.Lock()  # a process that was waited for must not be killed: its id may be another's
        self._connection, theirs = Pipe()
        try:
            with theirs:
                self._process = _start(theirs.fileno(), shared)
        except BaseException:
            self._connection.close()
            raise
        # asked after its start, in which its own figure begins with ours
        self._inherited_bytes = bytes_of(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        self._send(setup)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def run(self, job: Job, seconds: float | None, *, on_begin: Callable[[], object] = lambda: None) -> Report | Death:
        """Have it run a task, for so long at most (None: as long as it takes); a child that dies is gone for good.

        ``on_begin`` is called when the handler is.
        """
        self.runs += 1
        begun = False
        try:
            self._send(job)
            answer = self._receive(START_SECONDS)
            if isinstance(answer, Begun):
                begun = True
                on_begin()
                answer = self._receive(seconds)
        except TimeoutError:
            self.kill()
            return Death(crash=self._wait(GONE_SECONDS), begun=begun, over_time=True)
        except (EOFError, OSError):
            return Death(crash=self._wait(GONE_SECONDS), begun=begun, over_time=False)
        report: Report = answer
        self.peak_bytes = report.peak_bytes
        return report

    def kill(self) -> None:
        """End it at once, with everything that it has started; nothing, if it has ended."""
        with self._lock:
            if self._process.returncode is None:
                self._kill_group()

    def close(self) -> None:
        """Let it end in order; killed, if it takes its time."""
        if self._crash is None:
            self._send(None)
            self._wait(END_SECONDS)

    def _send(self, message: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died: `_receive` will tell
            self._connection.send(message)

    def _receive(self, seconds: float | None) -> Any:
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            is_gone = self._reaped() is not None
            left = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, max(0.0, deadline - time.monotonic()))
            if self._connection.poll(0.0 if is_gone else left):
                return self._connection.recv()
            if is_gone:
                raise EOFError
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError

    def _wait(self, seconds: float) -> Crash:
        """Wait for its end; kill it after so long."""
        deadline = time.monotonic() + seconds
        pause = 0.001
        while (crash := self._reaped()) is None:
            if time.monotonic() > deadline:
                self.kill()
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
        self._connection.close()
        return crash

    def _reaped(self) -> Crash | None:
        with self._lock:
            if self._process.returncode is None:
                self._reap()
            return self._crash

    def _reap(self) -> None:
        try:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else has waited for it, and how it ended is not known
            self._process.returncode = 0
            self._crash = Crash(peak_bytes=self.peak_bytes)
            return
        if pid:
            code = self._process.returncode = os.waitstatus_to_exitcode(status)
            self._crash = Crash.of(code, self._peak(bytes_of(usage.ru_maxrss)))
            self._kill_group()  # what it has left behind: the task may run again

    def _peak(self, told: int) -> int | None:
        """What the system tells, unless that is the memory of this process, which it takes over."""
        return told if told > self._inherited_bytes else self.peak_bytes

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _start(descriptor: int, shared: tuple[int, ...]) -> subprocess.Popen[bytes]:
    program = _PROGRAM.format(path=sys.path, fd=descriptor, parent=os.getpid(), shared=shared)
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, *_flags(), "-c", program],
        stdin=subprocess.DEVNULL,
        pass_fds=(descriptor, *shared),
        process_group=0,
    )


def _flags() -> list[str]:
    """The options of this interpreter: a child warns, optimises and isolates itself as its worker does."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags
