"""Being process 1 of a container: signals are passed on, and orphans are reaped.

The kernel gives process 1 no default way to end by a signal, and every orphan of the container to care for. So the
command runs as a child, and this process stays only for that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping

PASSED_ON = frozenset(
    {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2},
)


def stay_as_init_if_first() -> None:
    """As process 1: run this command as a child, and end as it ends. As any other process: nothing."""
    if os.getpid() == 1:
        raise SystemExit(run_as_init(sys.executable, sys.orig_argv))


def run_as_init(program: str, arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run a program to its end; its exit code, or 128 and the number of the signal that ended it."""
    awaited = PASSED_ON | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)  # blocked ones are kept, not ignored
    child = os.posix_spawn(program, arguments, environment, setpgroup=0, setsigmask=before)
    _give_terminal(child)
    while True:
        number = signal.sigwait(awaited)
        if number != signal.SIGCHLD:
            _pass_on(number, child)
        elif (status := _reap().get(child)) is not None:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _give_terminal(child: int) -> None:
    """A group of its own in front: a key pressed there reaches the child once, and not through here again."""
    with contextlib.suppress(OSError):  # there is no terminal
        os.tcsetpgrp(0, child)


def _pass_on(number: int, child: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended just now
        os.kill(child, number)


def _reap() -> dict[int, int]:
    """The statuses of all that has ended; several may share one SIGCHLD."""
    ended = {}
    with contextlib.suppress(ChildProcessError):  # nobody is left
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]
    return ended
