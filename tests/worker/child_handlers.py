"""Handlers that child processes can find: functions of a module."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from musterq.errors import TaskTimeout
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue


def pid() -> int:
    return os.getpid()


async def pid_later() -> int:
    await asyncio.sleep(0)
    return os.getpid()


def nested() -> Callable[[], int]:
    """A handler that no child can find."""

    def pid_of_nested() -> int:
        return os.getpid()

    return pid_of_nested


_set_ups = ["module"]


def set_up() -> None:
    """What a worker has each of its children call."""
    _set_ups.append("set up")


def no_set_up() -> None:
    raise OSError("no such collector")


def set_ups() -> list[str]:
    return _set_ups


def double(number: int) -> int:
    return 2 * number


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def tell() -> int:
    """Say something of this task, as every handler may."""
    current_task().progress(0.5, "half of it")
    current_task().log("INFO", "here")
    return current_task().attempt


def fail(message: str) -> None:
    raise ValueError(message)


def leave(code: int) -> None:
    os._exit(code)


def sys_exit(code: int) -> None:
    sys.exit(code)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_itself_once(mark: str) -> int:
    """Die the first time, and tell the process afterwards."""
    if not Path(mark).exists():
        Path(mark).touch()
        kill_itself()
    return os.getpid()


def eat_memory(mib: int) -> int:
    """Hold so much memory."""
    held = bytearray(mib * 2**20)
    held[:: resource.getpagesize()] = b"x" * len(held[:: resource.getpagesize()])
    return len(held)


def sleep(seconds: float) -> int:
    current_task().progress(0.0, str(os.getpid()))
    time.sleep(seconds)
    return os.getpid()


def spin() -> None:
    """Never end, in pure Python."""
    current_task().progress(0.0, str(os.getpid()))
    while True:
        pass


def disobey(until: str) -> int:
    """Go on beyond the time limit, until a file is there."""
    try:
        while not Path(until).exists():
            time.sleep(0.005)
    except TaskTimeout:
        current_task().progress(0.9, "over it")
        while not Path(until).exists():
            time.sleep(0.005)
    return os.getpid()


def fork_and_leave(code: int) -> None:
    """Die, and leave a process behind that would keep everything open."""
    left = os.fork()
    if left == 0:
        time.sleep(3600)
    current_task().progress(0.0, str(left))
    os._exit(code)


def say(words: str) -> None:
    logging.getLogger("handlers").info("%s", words)


def ignore_signals() -> int:
    """Meet the signals that a terminal or an init system sends to all processes of a service."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
    return os.getpid()


def terminated_child() -> int:
    """How a process ends that a task starts and terminates."""
    import subprocess

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as process:
        process.terminate()
        return process.wait()


def add_all(queue: TaskQueue, **options: Any) -> None:
    """Make all of them handlers of a queue."""
    for function in (
        pid,
        pid_later,
        double,
        in_main_thread,
        tell,
        fail,
        leave,
        sys_exit,
        kill_itself,
        kill_itself_once,
        eat_memory,
        sleep,
        spin,
        disobey,
        fork_and_leave,
        say,
        ignore_signals,
        terminated_child,
    ):
        queue.task(**options)(function)
